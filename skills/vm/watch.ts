import type { WatchRule } from '../contract.ts'

/** What the operator is told. */
export const VM_PROMPT = `You watch the Node.js virtual machine as a whole: heap, event loop, CPU by thread, thread pool,
garbage collection. Units are in the names.
Normal: heapUsedPct below 70; heapUsedMb may rise a lot between two major collections, only the floor after them
(heapFloorGrowthMbPerMinute) says something; loopUtilizationPct and mainCpuPct up to 90 are just a
busy server as long as loopDelayP99Ms stays below 100; gcSharePct below 10; threadPoolLatencyMs below 50.
High CPU alone is no fault. You see that something is wrong, not where: the skills vm_events and tables name the place.`

/** Limits that a healthy process does not reach; a busy one neither. */
export const VM_WATCH: readonly WatchRule[] = [
  {
    metric: 'heapUsedPct',
    above: 85,
    severity: 'critical',
    observation:
      'The heap is at {value} % of its limit ({heapUsedMb} of {heapLimitMb} MB), {gcSharePct} % of the time goes to garbage collection',
    hypothesis: 'Live data fills the heap; the process is close to running out of memory',
    remediation:
      'Find what holds the memory (tables skill) and bound it; raise --max-old-space-size to win time',
  },
  {
    metric: 'gcSharePct',
    above: 30,
    severity: 'warning',
    observation:
      'Garbage collection takes {value} % of the time ({gcPerSecond} collections a second, heap at {heapUsedPct} %)',
    hypothesis: 'The heap is nearly full, or each request allocates very much',
    remediation: 'Allocate less per request; find what fills the heap (tables skill)',
  },
  {
    metric: 'threadPoolLatencyMs',
    above: 400,
    severity: 'warning',
    observation: 'A file system call waited {value} ms in the libuv thread pool',
    hypothesis:
      'The thread pool is saturated: file, dns.lookup, crypto and zlib calls queue behind one another',
    remediation:
      'Run less of such work at a time (a queue with a limit), or raise UV_THREADPOOL_SIZE',
  },
  {
    metric: 'rssPctOfMemory',
    above: 92,
    severity: 'critical',
    observation: 'The process uses {value} % of the memory it may use ({rssMb} MB resident)',
    hypothesis: 'The kernel will kill it when the limit is reached',
    remediation: 'Find what holds the memory (heap or external), or raise the limit',
  },
]
