import type { DrillStep } from '../contract.ts'
import { ROW_WORDS } from '../row-words.ts'

/** What the operator is told. */
export const GC_PROMPT = `You watch the garbage collections of the main thread: how often, how long, what they free, what survives.
Normal: minor collections (scavenges) below 10 ms, some a second under load; full ones (major) now and then, below 100 ms; together
below 10 % of the time; a full collection frees a good part of the heap. Not normal: 25 % and more. Thrash (full collections that
free little) means that nearly everything is alive: the heap is full, its cause is what holds the memory, and other skills (tables)
name that. Pressure (much is freed) means that the application allocates very much. heapAfterMajorMb is the live data: only when
it grows steadily is it a leak. gc_measure records collections for a moment and says what they freed.`

/** What collections bring about elsewhere. */
const CONSEQUENCES = [
  'vm_gcSharePct',
  'vm_heapUsedPct',
  'vm_rssPctOfMemory',
  'vm_loopDelayP99Ms',
  'vm_loopUtilizationPct',
  'vm_events_long_gc',
  'http_server_slow',
  'http_requests_hang',
  'os_memory_near_limit',
]

/** The closer looks of `gc`, for a model without an LLM. */
export const GC_DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'troubles',
    when: [{ field: 'isSuspicious', equals: true }],
    code: 'return gc_troubles({})',
    rows: [{ field: 'trouble', equals: 'thrash' }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'gc_thrash',
      context:
        'Collections took {snapshot.sharePct} % of the last 10 s; {snapshot.heapAfterMajorMb} MB live of {snapshot.heapLimitMb} MB',
      evidence: ['sharePct', 'majors', 'freedByMajorsPct', 'floorMb', 'heapLimitMb', 'longestMs'],
      explains: [...CONSEQUENCES, 'gc_heap_floor_rises'],
    },
  },
  {
    id: 'pressure',
    when: [{ field: 'isSuspicious', equals: true }],
    code: 'return gc_troubles({})',
    rows: [{ field: 'trouble', equals: 'pressure' }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'gc_pressure',
      context:
        'Collections took {snapshot.sharePct} % of the last 10 s: {snapshot.minorPerSecond} minor ones a second, {snapshot.majorPerMinute} full ones a minute',
      evidence: [
        'sharePct',
        'minors',
        'majors',
        'freedMbPerSecond',
        'survivedMinorsPct',
        'promotedMbPerSecond',
        'allocatorSharePct',
      ],
      explains: CONSEQUENCES,
    },
  },
  {
    id: 'forced',
    when: [{ field: 'isSuspicious', equals: true }],
    code: 'return gc_troubles({})',
    rows: [{ field: 'trouble', equals: 'forced' }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'gc_forced',
      context: 'Collections took {snapshot.sharePct} % of the last 10 s',
      evidence: ['sharePct', 'majors', 'majorMs', 'longestMs'],
      explains: [...CONSEQUENCES, 'vm_events_event_loop_blocked'],
    },
  },
  {
    id: 'floor',
    when: [{ field: 'floorIsTelling', equals: true }],
    code: 'return gc_trend({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...ROW_WORDS,
      type: 'gc_heap_floor_rises',
      context: 'Heap limit {snapshot.heapLimitMb} MB, {snapshot.heapAfterMajorMb} MB live',
      evidence: [
        'fromMb',
        'toMb',
        'overMinutes',
        'growthMbPerMinute',
        'minutesToLimit',
        'heapLimitMb',
      ],
      explains: CONSEQUENCES,
    },
  },
]
