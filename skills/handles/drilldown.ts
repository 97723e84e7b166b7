import type { DrillStep } from '../contract.ts'
import { MEMORY_CONSEQUENCES } from '../memory-consequences.ts'
import { OVERLOAD_TYPES } from '../overload/types.ts'
import { ROW_WORDS } from '../row-words.ts'

/** What growing handles bring about elsewhere. */
const CONSEQUENCES = [
  ...OVERLOAD_TYPES,
  'handles_descriptorUsedPct',
  'vm_rssPctOfMemory',
  'vm_heapUsedPct',
  'vm_gcSharePct',
  ...MEMORY_CONSEQUENCES,
  'vm_loopDelayP99Ms',
  'vm_loopUtilizationPct',
  'tables_unbounded_growth',
  'http_server_slow',
  'http_server_errors',
  'http_requests_hang',
  'http_upstream_slow',
]

const WORDS = {
  ...ROW_WORDS,
  explains: CONSEQUENCES,
} as const

/** The closer looks of `handles`, for a model without an LLM. */
export const HANDLES_DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'crash_loops',
    when: [{ field: 'crashLoopCount', above: 0 }],
    code: 'return handles_crash_loops({ limit = 5 })',
    rows: [{ field: 'isLoop', equals: true }],
    limit: 1,
    notify: {
      ...WORDS,
      type: 'handles_crash_loop',
      context:
        'Workers alive: {snapshot.workersAlive}, child processes alive: {snapshot.childrenAlive}; crash loops: {snapshot.crashLoopCount}',
      evidence: ['error', 'count', 'perMinute', 'medianLifeMs', 'started', 'starter', 'stack'],
    },
  },
  {
    id: 'growing_sites',
    when: [{ field: 'growingSites', above: 0 }],
    code: 'return handles_sites({ limit = 10 })',
    rows: [{ field: 'reportable', equals: true }],
    limit: 2,
    notify: {
      ...WORDS,
      type: 'handles_leak',
      context:
        'Open descriptors {snapshot.descriptorsOpen}, outgoing sockets {snapshot.socketsOpen}, growing places: {snapshot.growingSites}',
      evidence: [
        'open',
        'created',
        'closed',
        'growthPerMinute',
        'idlePct',
        'agents',
        'requests',
        'peer',
        'oldestSeconds',
        'sourceLine',
        'stack',
      ],
    },
  },
  {
    id: 'timers',
    when: [{ field: 'timersGrow', equals: true }],
    code: 'return handles_timers({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...WORDS,
      type: 'handles_timer_leak',
      context: 'Active timers: {snapshot.timersActive}; connections: {snapshot.connectionsOpen}',
      evidence: [
        'timer',
        'delayMs',
        'active',
        'created',
        'keptPct',
        'growthPerMinute',
        'sourceLine',
        'stack',
      ],
    },
  },
  {
    id: 'files',
    when: [{ field: 'filesGrow', equals: true }],
    code: 'return handles_files({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      ...WORDS,
      type: 'handles_descriptor_leak',
      context: 'Open descriptors: {snapshot.descriptorsOpen} of {snapshot.descriptorLimit} allowed',
      evidence: ['opened', 'openPct', 'left', 'example', 'growthPerMinute', 'sourceLine', 'stack'],
    },
  },
]
