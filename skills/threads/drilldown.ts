import type { DrillStep } from '../contract.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { ROW_WORDS } from '../row-words.ts'

/** What a worker in trouble brings about in main. */
const CONSEQUENCES = [
  ...OVERLOAD_TYPES,
  'http_requests_hang',
  'http_server_slow',
  'http_server_errors',
  'logger_error_storm',
  'exception_reported_rising',
]

/** The closer looks of `threads`, for a model without an LLM. */
export const THREADS_DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'stuck',
    when: [{ field: 'stuckThreads', above: 0 }],
    code: 'return threads_stuck({ limit = 5 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 2,
    notify: {
      ...ROW_WORDS,
      type: 'threads_stuck',
      context:
        'Threads of the application: {snapshot.threads}, of them stuck: {snapshot.stuckThreads}',
      evidence: [
        'thread',
        'kind',
        'durationMs',
        'usualMs',
        'threads',
        'cpuSharePct',
        'looks',
        'looksSharePct',
        'pattern',
        'sourceLine',
        'stack',
      ],
      explains: CONSEQUENCES,
    },
  },
  {
    id: 'leaks',
    when: [{ field: 'leakingEntries', above: 0 }],
    code: 'return threads_leaks({ limit = 3 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'threads_leak',
      context:
        'Threads of the application: {snapshot.threads}; highest share of a heap limit {snapshot.highestHeapUsedPct} %',
      evidence: [
        'thread',
        'threadsGrowing',
        'threadsOfEntry',
        'fromMb',
        'toMb',
        'overSeconds',
        'heapLimitMb',
        'name',
        'kind',
        'size',
        'growthPerMinute',
        'growthMbPerMinute',
        'sourceLine',
      ],
      explains: [
        ...CONSEQUENCES,
        'threads_crash',
        'handles_crash_loop',
        'vm_rssPctOfMemory',
        'vm_heapUsedPct',
        'vm_gcSharePct',
      ],
    },
  },
  {
    id: 'crashes',
    when: [{ field: 'crashes1m', above: 0 }],
    code: 'return threads_crashes({ limit = 5 })',
    rows: [
      { field: 'reportable', equals: true },
      { field: 'agoSeconds', below: 300 },
    ],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'threads_crash',
      context:
        'Threads of the application: {snapshot.threads}; crashed in the last minute: {snapshot.crashes1m}',
      evidence: ['error', 'code', 'lifeMs', 'starter', 'sourceLine', 'stack'],
      explains: CONSEQUENCES,
    },
  },
]
