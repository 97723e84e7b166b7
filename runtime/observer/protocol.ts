import * as v from 'valibot'

/**
 * Everything that the observer says, as schemas: frames of the WebSocket and bodies of HTTP
 * answers. Version 1. Within a version fields and event types may be added, never changed or
 * removed: a client ignores what it does not know. `GET /api/v1/schema` serves all of it as JSON
 * Schema.
 */

/** The version in every frame, in every body and in the paths. */
export const PROTOCOL_VERSION = 1

const version = v.literal(PROTOCOL_VERSION)
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const epochMs = v.number()
const status = v.picklist([
  'starting',
  'waiting',
  'running',
  'restarting',
  'exited',
  'unresponsive',
])

const threadSchema = v.object({
  ordinal: count,
  threadId: v.exactOptional(v.number()),
  name: v.string(),
})

/** Why a process ended: `type` is always there, the rest depends on it. */
const reasonSchema = v.looseObject({ type: v.string() })

const processFields = {
  pid: v.string(),
  /** Only of a root whose parent has gone or is still to come. */
  parent: v.exactOptional(v.string()),
  id: v.string(),
  name: v.exactOptional(v.string()),
  kind: v.picklist(['supervisor', 'worker', 'thread']),
  thread: threadSchema,
  status,
  mailbox: count,
  handled: count,
  restarts: count,
  startedAt: epochMs,
  label: v.exactOptional(v.string()),
  links: v.array(v.string()),
  order: v.exactOptional(v.number()),
}
const processSchema = v.object(processFields)

/** A process without what hangs below it. */
export type WireProcess = v.InferOutput<typeof processSchema>
/** A process and, recursively, its children. */
export interface WireTreeNode extends WireProcess {
  children: WireTreeNode[]
}
export type WireThread = v.InferOutput<typeof threadSchema>

export const treeNodeSchema: v.GenericSchema<WireTreeNode> = v.object({
  ...processFields,
  children: v.array(v.lazy(() => treeNodeSchema)),
})

/** One entry of a topic: opaque JSON. An entry whose id is known already replaces that one. */
export const topicEventSchema = v.object({
  type: v.literal('topic'),
  at: epochMs,
  topic: v.string(),
  id: v.string(),
  data: v.unknown(),
  /** Set if `data` was cut to the observer's limits. */
  truncated: v.exactOptional(v.literal(true)),
})

export const eventSchema = v.variant('type', [
  v.object({
    type: v.literal('process-started'),
    at: epochMs,
    pid: v.string(),
    parent: v.exactOptional(v.string()),
    node: treeNodeSchema,
  }),
  v.object({
    type: v.literal('process-exited'),
    at: epochMs,
    pid: v.string(),
    reason: reasonSchema,
  }),
  v.object({
    type: v.literal('process-updated'),
    at: epochMs,
    pid: v.string(),
    mailbox: count,
    handled: count,
    status,
    name: v.exactOptional(v.nullable(v.string())),
    label: v.exactOptional(v.nullable(v.string())),
    links: v.exactOptional(v.array(v.string())),
  }),
  v.object({
    type: v.literal('child-restarted'),
    at: epochMs,
    supervisor: v.string(),
    id: v.string(),
    oldPid: v.string(),
    newPid: v.string(),
    reason: reasonSchema,
    restarts: count,
  }),
  v.object({ type: v.literal('thread-started'), at: epochMs, ...threadSchema.entries }),
  v.object({
    type: v.literal('thread-exited'),
    at: epochMs,
    ordinal: count,
    name: v.string(),
    reason: v.exactOptional(reasonSchema),
  }),
  topicEventSchema,
])

export type WireEvent = v.InferOutput<typeof eventSchema>
export type TopicEvent = v.InferOutput<typeof topicEventSchema>

const snapshotFields = {
  version,
  type: v.literal('snapshot'),
  /** Why it comes: a client applies all of them alike and forgets what it had. */
  cause: v.picklist(['connected', 'subscribed', 'resumed', 'lagging', 'resync', 'requested']),
  /** The last difference that it contains. */
  seq: count,
  at: epochMs,
  tree: v.array(treeNodeSchema),
  threads: v.array(threadSchema),
  /** Entries by topic, oldest first, at most `hello.itemsPerTopic` each. */
  topics: v.record(v.string(), v.array(topicEventSchema)),
}
export const snapshotSchema = v.object(snapshotFields)

/** A frame of the WebSocket, server to client. */
export const frameSchema = v.variant('type', [
  v.object({
    version,
    type: v.literal('hello'),
    server: v.object({
      name: v.literal('nodelens'),
      node: v.string(),
      pid: count,
      title: v.string(),
      startedAt: epochMs,
    }),
    topics: v.array(v.string()),
    itemsPerTopic: count,
    heartbeatMs: count,
  }),
  snapshotSchema,
  v.object({
    version,
    type: v.literal('differences'),
    /** The `seq` of the frame before; if it is not the client's own, something is missing. */
    previous: count,
    seq: count,
    events: v.array(eventSchema),
  }),
  v.object({ version, type: v.literal('lagging'), at: epochMs, dropped: count }),
  v.object({ version, type: v.literal('ping'), at: epochMs }),
  v.object({ version, type: v.literal('error'), code: v.string(), message: v.string() }),
])

export type Snapshot = v.InferOutput<typeof snapshotSchema>
export type Frame = v.InferOutput<typeof frameSchema>

/** `GET /api/v1/tree` */
export const treeBodySchema = v.object({ version, at: epochMs, tree: v.array(treeNodeSchema) })
/** `GET /api/v1/topics/<name>`; `value` is what the topic's owner says now. */
export const topicBodySchema = v.object({
  version,
  at: epochMs,
  topic: v.string(),
  value: v.unknown(),
  events: v.array(topicEventSchema),
})
/** Every HTTP answer that is not a success. */
export const problemBodySchema = v.object({
  version,
  error: v.object({ code: v.string(), message: v.string() }),
})
/** `GET /livez`, `GET /readyz` */
export const healthBodySchema = v.object({ version, status: v.picklist(['ok', 'unavailable']) })
