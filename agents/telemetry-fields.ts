/**
 * What each event of the telemetry carries, beside `at`. docs/telemetry.md explains them, a test
 * holds that page to this table, and `emit` takes no others.
 */

/** Names and numbers of an action; never what a model has written. */
export const actionFields = [
  'skills',
  'skill',
  'ms',
  'state',
  'status',
  'type',
  'severity',
  'notificationIds',
  'snapshotIds',
] as const

const process = ['pid', 'thread', 'id', 'name', 'label'] as const
const operator = ['runId', 'operator', 'skill'] as const
const modelFailed = ['kind', 'message', 'failures', 'willRetry'] as const
const ending = ['runId', 'operator', 'skill', 'ending', 'reason'] as const
const question = ['runId', 'agent', 'operator', 'skill', 'question'] as const
const tool = ['runId', 'operator', 'skill', 'tool', 'call'] as const

/** The fields of every event, by group. All may be absent where they do not apply. */
export const telemetryFields = {
  run: {
    started: ['agent', 'runId', 'operator', 'skill', 'reason', 'signal', 'followUps'],
    ended: [
      'agent',
      'runId',
      'operator',
      'skill',
      'outcome',
      'reason',
      'partial',
      'insights',
      'notifications',
      'iterations',
      'tokens',
      'models',
      'durationMs',
    ],
    concluding: ['runId', 'cause'],
    'bound-hit': ['runId', 'bound', 'value', 'refused'],
    resumed: ['runId', 'phase'],
  },
  coordinator: {
    action: ['runId', 'intent', 'iteration', 'model', ...actionFields],
    'notification-received': ['runId', 'notificationId', 'skill', 'severity'],
    'notification-ignored': ['runId', 'notificationId', 'reason'],
    'insight-produced': [
      'runId',
      'insightId',
      'severity',
      'summary',
      'corrections',
      'unverified',
      'insight',
    ],
    'insight-repeated': ['runId', 'insightId'],
    'action-rejected': ['runId', 'intent', 'reason'],
    'operator-queued': ['runId', 'operator', 'skill', 'maxAtWork'],
    'operator-started': ['runId', 'operator', 'skill', 'pid'],
    'operator-completed': ending,
    'operator-failed': ending,
    'operator-crashed': ending,
    'done-deferred': ['runId', 'running'],
    scheduled: ['runId', 'ms', 'reason'],
    'model-failed': ['runId', ...modelFailed],
  },
  operator: {
    action: [...operator, 'intent', 'iteration', 'model', ...actionFields],
    'state-changed': [...operator, 'from', 'to', 'reason'],
    'notification-sent': [
      ...operator,
      'notificationId',
      'type',
      'severity',
      'corrections',
      'notification',
    ],
    'action-rejected': [...operator, 'intent', 'reason'],
    'snapshot-taken': [...operator, 'snapshotId'],
    'snapshot-failed': [...operator, 'message'],
    executed: [...operator, 'ok', 'code'],
    'model-failed': [...operator, ...modelFailed],
    'idle-stopped': ['skill'],
  },
  tool: {
    started: tool,
    ended: [...tool, 'ok', 'durationMs', 'code', 'message'],
  },
  model: {
    asked: [...question, 'model', 'iterationsLeft', 'msLeft', 'tokensLeft'],
    answered: [
      ...question,
      'model',
      'intent',
      'durationMs',
      'attempts',
      'usage',
      'repairs',
      'fallback',
    ],
    failed: [...question, 'model', 'durationMs', 'failure'],
    retried: ['runId', 'model', 'kind', 'waitMs'],
    reasked: ['runId', 'model', 'issues'],
    'fell-back': ['runId', 'failure'],
    'circuit-opened': ['model', 'until'],
    'circuit-closed': ['model'],
  },
  trigger: {
    fired: ['runId', 'key', 'reason'],
    suppressed: ['key', 'why'],
    failed: ['key', 'message'],
  },
  skill: { 'state-changed': ['skill', 'from', 'to'] },
  journal: {
    'bound-hit': ['bound', 'value', 'runId'],
    'write-failed': ['file', 'message', 'runId'],
  },
  insights: { written: ['file', 'insightId'], 'write-failed': ['file', 'message'] },
  observer: { started: ['url'], unavailable: ['message'] },
  lens: {
    started: [],
    stopped: ['reason'],
    degraded: ['why', 'what', 'message', 'file', 'spentMs'],
  },
  telemetry: { 'listener-failed': ['subscribedTo', 'message'] },
  process: {
    started: [...process, 'parent', 'initialCall', 'kind'],
    exited: [...process, 'reason'],
    restarted: ['supervisor', 'id', 'oldPid', 'newPid', 'reason', 'restarts'],
  },
  thread: {
    started: ['ordinal', 'name', 'threadId'],
    exited: ['ordinal', 'name', 'reason'],
  },
  mailbox: {
    'high-water': [...process, 'mailbox', 'highWater'],
    'bound-hit': [...process, 'mailbox', 'policy', 'count', 'total'],
  },
  channel: { 'bound-hit': [...process, 'channel', 'policy', 'capacity', 'count', 'total'] },
  report: {
    crash: ['type', 'level', 'process', 'reason', 'lastMessage', 'neighbours'],
    server: ['type', 'level', 'pid', 'server', 'reason', 'lastMessage', 'state', 'client', 'log'],
    'unhandled-message': ['type', 'level', 'pid', 'server', 'message'],
    supervisor: ['type', 'level', 'supervisor', 'context', 'reason', 'offender'],
    progress: ['type', 'level', 'supervisor', 'started'],
    application: ['type', 'level', 'application', 'restart', 'reason'],
    thread: [
      'type',
      'level',
      'context',
      'ordinal',
      'thread',
      'pid',
      'ms',
      'action',
      'stack',
      'noStack',
    ],
    shutdown: ['type', 'level', 'stopMs', 'left'],
  },
} as const

type Fields = typeof telemetryFields
type FieldOf<Group, Event> = Group extends keyof Fields
  ? Event extends keyof Fields[Group]
    ? Fields[Group][Event] extends readonly (infer Name extends string)[]
      ? Name
      : never
    : never
  : never

/** What an event may carry. */
export type TelemetryData<Group, Event> = {
  readonly [Name in FieldOf<Group, Event>]?: unknown
}
