import type { DrillStep } from '../contract.ts'

/** The closer looks of `vm`, for a model without an LLM. */
export const VM_DRILLDOWN: readonly DrillStep[] = [
  {
    id: 'thread_pool',
    when: [{ field: 'threadPoolLatencyMs', above: 200 }],
    code: 'return vm_thread_pool_users({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      type: 'vm_thread_pool_saturated',
      severity: 'warning',
      context:
        'Thread pool latency {snapshot.threadPoolLatencyMs} ms; event-loop delay {snapshot.loopDelayP99Ms} ms (p99)',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      location: 'location',
      confidence: '{confidence}',
      evidence: ['work', 'count', 'latencyMs', 'poolSize', 'sourceLine', 'frames'],
      explains: [
        'vm_threadPoolLatencyMs',
        'http_server_slow',
        'http_requests_hang',
        'http_requests_stuck',
        'http_upstream_slow',
        'http_upstream_hangs',
        'overload_growing',
        'overload_surge',
        'handles_leak',
      ],
    },
  },
]
