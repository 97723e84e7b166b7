/**
 * Telemetry: what nodelens does, told through `node:diagnostics_channel`.
 *
 * Every event is a channel `nodelens:<group>:<event>` with a plain object. Whatever a worker thread
 * of nodelens emits is published in the main thread too, so that a tool there hears everything. A
 * subscriber that throws is reported as `nodelens:telemetry:listener-failed`; it never reaches the
 * code that emitted.
 */
import diagnosticsChannel, { type Channel } from 'node:diagnostics_channel'
import { BroadcastChannel } from 'node:worker_threads'
import { runtimeEvents } from '../runtime/index.ts'
import { nearest } from './nearest.ts'
import type { TelemetryData } from './telemetry-fields.ts'

/** Every event by group. docs/telemetry.md says when each comes, and what it carries. */
export const telemetryEvents = {
  ...runtimeEvents,
  run: ['started', 'ended', 'concluding', 'bound-hit', 'resumed'],
  coordinator: [
    'action',
    'notification-received',
    'notification-ignored',
    'insight-produced',
    'insight-repeated',
    'action-rejected',
    'operator-queued',
    'operator-started',
    'operator-completed',
    'operator-failed',
    'operator-crashed',
    'done-deferred',
    'scheduled',
    'model-failed',
  ],
  operator: [
    'action',
    'state-changed',
    'notification-sent',
    'action-rejected',
    'snapshot-taken',
    'snapshot-failed',
    'executed',
    'model-failed',
    'idle-stopped',
  ],
  tool: ['started', 'ended'],
  model: [
    'asked',
    'answered',
    'failed',
    'retried',
    'reasked',
    'fell-back',
    'circuit-opened',
    'circuit-closed',
  ],
  trigger: ['fired', 'suppressed', 'failed'],
  skill: ['state-changed'],
  journal: ['bound-hit', 'write-failed'],
  insights: ['written', 'write-failed'],
  observer: ['started', 'unavailable'],
  lens: ['started', 'stopped', 'degraded'],
  telemetry: ['listener-failed'],
} as const satisfies Record<string, readonly string[]>

/** The groups of {@link telemetryEvents}. */
export type TelemetryGroup = keyof typeof telemetryEvents
/** The events of one group. */
export type TelemetryEventName<Group extends TelemetryGroup = TelemetryGroup> =
  (typeof telemetryEvents)[Group][number]

/** What a subscriber receives. */
export interface TelemetryEvent {
  readonly name: string
  readonly group: string
  readonly event: string
  /** Epoch milliseconds at which it was emitted. */
  readonly at: number
  readonly data: Readonly<Record<string, unknown>>
}

interface Forwarded {
  readonly name: string
  readonly at: number
  readonly data: Record<string, unknown>
}

const prefix = 'nodelens:'
const forwardChannelName = 'nodelens:telemetry'
/** More than there are events: only what others send under the name of ours could be more. */
const mostChannels = 500
const channels = new Map<string, Channel>()
let forward: BroadcastChannel | undefined

/** Emits one event in this thread and, if there is any, to the threads that listen. Never throws. */
export function emit<Group extends TelemetryGroup, Event extends TelemetryEventName<Group>>(
  group: Group,
  event: Event,
  data: TelemetryData<Group, Event> = {},
): void {
  const message: Forwarded = {
    name: `${prefix}${group}:${event}`,
    at: Date.now(),
    data: { ...data },
  }
  publish(message)
  try {
    forwardChannel().postMessage(message)
  } catch {
    // Data that cannot be cloned stays in the thread that emitted it.
  }
}

function publish({ name, at, data }: Forwarded): void {
  const channel = channelOf(name)
  if (channel.hasSubscribers) channel.publish({ ...data, at })
}

/**
 * A channel, kept for good. Node 20 keeps one only as long as somebody else does, and when it is
 * collected forgets the next one of the same name with it, subscribers and all.
 */
function channelOf(name: string): Channel {
  const kept = channels.get(name)
  if (kept !== undefined) return kept
  const channel = diagnosticsChannel.channel(name)
  if (channels.size < mostChannels) channels.set(name, channel)
  return channel
}

/** One channel a thread, for both directions: a BroadcastChannel does not hear itself, so nothing echoes. */
function forwardChannel(): BroadcastChannel {
  if (forward === undefined) {
    forward = new BroadcastChannel(forwardChannelName)
    forward.unref()
  }
  return forward
}

/**
 * Starts publishing the events of nodelens's other threads in this one.
 * @returns A function that ends it.
 */
export function receiveForwarded(): () => void {
  const channel = forwardChannel()
  channel.onmessage = (event: unknown) => {
    const message = forwardedOf(event)
    if (message !== undefined) publish(message)
  }
  channel.unref()
  return () => {
    channel.close()
    if (forward === channel) forward = undefined
  }
}

function forwardedOf(event: unknown): Forwarded | undefined {
  if (typeof event !== 'object' || event === null || !('data' in event)) return undefined
  const { data: message } = event
  if (typeof message !== 'object' || message === null) return undefined
  if (!('name' in message) || !('at' in message) || !('data' in message)) return undefined
  const { name, at, data } = message
  if (typeof name !== 'string' || typeof at !== 'number') return undefined
  if (typeof data !== 'object' || data === null) return undefined
  return { name, at, data: { ...data } }
}

/** All channel names: `nodelens:run:started` and so on. */
function eventNames(): string[] {
  return Object.entries(telemetryEvents).flatMap(([group, events]) =>
    events.map((event) => `${prefix}${group}:${event}`),
  )
}

/**
 * Calls `listener` for every event of `pattern`.
 *
 * @param pattern `'*'`, a group (`'coordinator'`) or one event (`'coordinator:insight-produced'`).
 * @returns A function that ends the subscription.
 * @throws {TypeError} No event matches; names the nearest.
 */
function subscribe(pattern: string, listener: (event: TelemetryEvent) => void): () => void {
  if (typeof listener !== 'function') {
    throw new TypeError('telemetry.subscribe(pattern, listener): listener must be a function')
  }
  const names = namesFor(pattern)
  const guarded = (message: unknown, channelName: string | symbol): void =>
    deliver(listener, String(channelName), message)
  for (const name of names) channelOf(name).subscribe(guarded)
  return () => {
    for (const name of names) channelOf(name).unsubscribe(guarded)
  }
}

function namesFor(pattern: string): string[] {
  const names = eventNames()
  const bare = String(pattern).startsWith(prefix) ? pattern.slice(prefix.length) : String(pattern)
  const matching = names.filter(
    (name) => bare === '*' || name === prefix + bare || name.startsWith(`${prefix}${bare}:`),
  )
  if (matching.length > 0) return matching
  const known = [...Object.keys(telemetryEvents), ...names.map((name) => name.slice(prefix.length))]
  const meant = nearest(bare, known)
  throw new TypeError(
    `telemetry.subscribe(pattern): no event matches "${pattern}"` +
      `${meant === undefined ? '' : `; did you mean "${meant}"?`} Groups: ${Object.keys(telemetryEvents).join(', ')}`,
  )
}

function deliver(listener: (event: TelemetryEvent) => void, name: string, message: unknown): void {
  const data = typeof message === 'object' && message !== null ? { ...message } : {}
  const at = 'at' in data && typeof data.at === 'number' ? data.at : Date.now()
  const [, group = '', event = ''] = name.split(':')
  try {
    const outcome: unknown = listener({ name, group, event, at, data })
    if (outcome instanceof Promise) outcome.catch((error: unknown) => listenerFailed(name, error))
  } catch (error) {
    listenerFailed(name, error)
  }
}

function listenerFailed(name: string, error: unknown): void {
  if (name === `${prefix}telemetry:listener-failed`) return
  emit('telemetry', 'listener-failed', {
    subscribedTo: name,
    message: error instanceof Error ? error.message : String(error),
  })
}

/** The way to listen to nodelens: see {@link subscribe} and {@link eventNames}. */
export const telemetry = { subscribe, eventNames } as const
