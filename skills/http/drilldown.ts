import type { DrillNotice, DrillStep } from '../contract.ts'
import { MEMORY_CONSEQUENCES } from '../memory-consequences.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { ROW_WORDS } from '../row-words.ts'
import { LASTING } from './watch.ts'

/** What a bad upstream brings about in this process. */
const CONSEQUENCES = [
  ...OVERLOAD_TYPES,
  'http_server_slow',
  'http_server_errors',
  'http_requests_hang',
  'http_requests_stuck',
  'http_server_unread',
  'handles_leak',
  'handles_timer_leak',
]

const FIGURES = ['perSecond', 'p50Ms', 'p50BeforeMs', 'p99Ms', 'errorPct', 'open', 'oldestMs']

/** One step for each kind of trouble, because each is a type of its own. */
function upstreamStep(trouble: string, type: string): DrillStep {
  const notify: DrillNotice = {
    type,
    ...ROW_WORDS,
    context:
      'Requests out {snapshot.outPerSecond} a second, {snapshot.outOpen} under way; requests in {snapshot.inPerSecond} a second; thread pool latency {threadPoolLatencyMs} ms',
    evidence: [
      'host',
      ...FIGURES,
      'waiting',
      'unread',
      'threadPoolLatencyMs',
      'sourceLine',
      'stack',
    ],
    explains: trouble === 'errors' ? CONSEQUENCES : [...CONSEQUENCES, 'http_upstream_errors'],
  }
  return {
    id: `upstream_${trouble}`,
    when: [{ field: 'upstreamTroubles', above: 0 }],
    code: 'return http_upstream_troubles({})',
    rows: [
      { field: 'trouble', equals: trouble },
      { field: 'reportable', equals: true },
    ],
    limit: 1,
    notify,
  }
}

/** Symptoms: without a place and a hypothesis, so that they never stand beside a cause. */
function routeStep(trouble: string, type: string): DrillStep {
  return {
    id: `route_${trouble}`,
    when: [{ field: 'routeTroubles', above: 0 }],
    code: 'return http_route_troubles({})',
    rows: [
      { field: 'trouble', equals: trouble },
      { field: 'readings', above: LASTING - 1 },
    ],
    limit: 2,
    notify: {
      type,
      severity: '{severity}',
      context:
        'Requests in {snapshot.inPerSecond} a second, {snapshot.inOpen} under way, the oldest for {snapshot.inOldestMs} ms',
      observation: '{observation}',
      evidence: ['route', ...FIGURES, 'handler'],
    },
  }
}

/** The closer looks of `http`, for a model without an LLM. */
export const HTTP_DRILLDOWN: readonly DrillStep[] = [
  upstreamStep('unread', 'http_response_not_consumed'),
  upstreamStep('hanging', 'http_upstream_hangs'),
  upstreamStep('slow', 'http_upstream_slow'),
  upstreamStep('errors', 'http_upstream_errors'),
  {
    id: 'waiting_bytes',
    when: [{ field: 'waitingGrowthMb', above: 16 }],
    code: 'return http_writers({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      type: 'http_backpressure_ignored',
      severity: 'warning',
      context:
        'Bytes waiting in responses: {snapshot.waitingMb} MB, grown by {snapshot.waitingGrowthMb} MB',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      location: 'location',
      confidence: '{confidence}',
      evidence: ['writes', 'refused', 'refusedPct', 'sourceLine', 'stack'],
      explains: [
        ...OVERLOAD_TYPES,
        'vm_rssPctOfMemory',
        'vm_heapUsedPct',
        'vm_gcSharePct',
        'http_requests_hang',
        ...MEMORY_CONSEQUENCES,
      ],
    },
  },
  {
    id: 'stuck',
    when: [{ field: 'hangingRoutes', above: 0 }],
    code: 'return http_stuck_requests({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 2,
    notify: {
      type: 'http_requests_stuck',
      ...ROW_WORDS,
      context:
        'Requests in {snapshot.inPerSecond} a second, {snapshot.inOpen} under way, the oldest for {snapshot.inOldestMs} ms',
      evidence: [
        'route',
        'count',
        'seen',
        'oldestMs',
        'kind',
        'awaited',
        'sourceLine',
        'frames',
        'exits',
      ],
      explains: [
        'http_requests_hang',
        'http_server_slow',
        'overload_growing',
        'overload_surge',
        'handles_leak',
        'handles_timer_leak',
      ],
    },
  },
  routeStep('hanging', 'http_requests_hang'),
  routeStep('slow', 'http_server_slow'),
  routeStep('errors', 'http_server_errors'),
]
