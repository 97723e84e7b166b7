/** Actions as models write them; each is mutated. */
import type { Json } from '../../agents/vocabulary/json.ts'

export interface Answer {
  readonly agent: 'operator' | 'coordinator'
  readonly action: { readonly intent: string; readonly [key: string]: Json }
}

const operator = (action: Answer['action']): Answer => ({ agent: 'operator', action })
const coordinator = (action: Answer['action']): Answer => ({ agent: 'coordinator', action })

export const answers: readonly Answer[] = [
  operator({ intent: 'take_snapshot' }),
  operator({ intent: 'get_snapshot', id: 's-12' }),
  operator({ intent: 'get_snapshots', limit: 5, offset: 2 }),
  operator({
    intent: 'execute',
    code: 'local m = vm_get_memory()\nreturn { used = m.used, "a \\"quoted\\" word" }',
  }),
  operator({ intent: 'set_state', state: 'warning', reason: "The loop's p99 is 412 ms" }),
  operator({
    intent: 'send_notification',
    type: 'event_loop_stall',
    severity: 'critical',
    context: 'During a checkout, since 12:04',
    observation: 'The event loop was held for 4210 ms, {braces} and [brackets]',
    hypothesis: 'A regular expression backtracks',
    snapshotIds: ['s-12', 's-13'],
    location: { file: '/srv/app/price.js', function: 'parsePrice', line: 88 },
    evidence: [
      { name: 'durationMs', value: 4210 },
      { name: 'stack', value: 'parsePrice (price.js:88)' },
    ],
  }),
  operator({ intent: 'wait', ms: 5000 }),
  operator({ intent: 'think', thought: 'First the heap, then the loop.' }),
  operator({ intent: 'done', summary: 'All is well: nothing above its bound.' }),
  coordinator({ intent: 'invoke_operators', skills: ['vm', 'tables'], context: 'p99 doubled' }),
  coordinator({
    intent: 'update_notification_statuses',
    notificationIds: ['n-1'],
    status: 'acknowledged',
  }),
  coordinator({
    intent: 'produce_insight',
    notificationIds: ['n-1', 'n-2'],
    correlationType: 'causal',
    summary: 'parsePrice (price.js:88) holds the loop for 4 s',
    matchedObservations: ['The event loop was held for 4210 ms'],
    hypothesisGrounded: true,
    confidence: 'high',
  }),
  coordinator({ intent: 'schedule', ms: 60_000, reason: 'Look again' }),
]
