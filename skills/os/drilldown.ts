import type { DrillStep } from '../contract.ts'
import type { OsTrouble } from './verdict.ts'

/** What the operator is told. */
export const OS_PROMPT = `You watch the surroundings of the process: the machine, its container (cgroup), file systems. null means that the
platform does not tell, not that it is 0. 100 % of processCpuPct is one core.
Normal: high load averages and busy CPUs as long as mainWaitPct is below 10; memory full of page cache (memoryAvailableMb counts);
some pressure of CPU. Not normal: a cgroup that is throttled while the event loop is late, memory within 10 % of the cgroup's limit,
kills by the kernel, a file system without room. What other processes do to the machine (cpu_contention, cpu_steal, io_pressure) is
worth a word and never the application's fault: say so. Memory near its limit is a consequence when something in the process
grows: tables, gc and allocator know what.`

/** What each brings about elsewhere. */
const SLOW = [
  'vm_loopDelayP99Ms',
  'vm_loopUtilizationPct',
  'http_server_slow',
  'http_requests_hang',
]
const EXPLAINS: Record<OsTrouble, readonly string[]> = {
  cpu_throttled: SLOW,
  memory_near_limit: ['vm_rssPctOfMemory', 'os_oom_killed', 'os_memory_pressure'],
  memory_machine_full: ['vm_rssPctOfMemory', 'os_memory_pressure'],
  memory_pressure: SLOW,
  oom_killed: [],
  disk_full: ['logger_error_storm', 'exception_reported_rising', 'http_server_errors'],
  pids_near_limit: [],
  cpu_contention: [],
  cpu_steal: [],
  io_pressure: [],
}

function step(trouble: OsTrouble, evidence: readonly string[]): DrillStep {
  return {
    id: trouble,
    when: [{ field: 'troubles', above: 0 }],
    code: 'return os_findings({})',
    rows: [{ field: 'trouble', equals: trouble }],
    limit: 2,
    notify: {
      type: `os_${trouble}`,
      severity: '{severity}',
      confidence: '{confidence}',
      context:
        'Over {snapshot.windowSeconds} s: machine CPU {snapshot.machineCpuPct} %, process {snapshot.processCpuPct} % of a core, memory of the machine {snapshot.memoryUsedPct} % used, load {snapshot.loadAverage1m}',
      observation: '{observation}',
      hypothesis: '{explanation}',
      remediation: '{remedy}',
      evidence,
      explains: EXPLAINS[trouble],
    },
  }
}

const CPU = ['machineCpuPct', 'othersCpuPct', 'processCpuPct', 'mainWaitPct', 'coresAllowed']
const MEMORY = ['cgroupMemoryUsedPct', 'cgroupMemoryLimitMb', 'memoryAvailableMb', 'rssMb']

/** The closer looks of `os`: one script, one type of notification for each trouble. */
export const OS_DRILLDOWN: readonly DrillStep[] = [
  step('cpu_throttled', ['throttledPeriodsPct', 'throttledTimePct', ...CPU]),
  step('oom_killed', ['oomKills', ...MEMORY]),
  step('memory_near_limit', MEMORY),
  step('memory_machine_full', ['memoryUsedPct', ...MEMORY]),
  step('memory_pressure', ['pressureMemoryPct', 'pressureMemoryFullPct', 'swapUsedMb', ...MEMORY]),
  step('disk_full', []),
  step('pids_near_limit', ['pidsUsedPct']),
  step('cpu_contention', ['pressureCpuPct', ...CPU]),
  step('cpu_steal', ['machineStealPct', ...CPU]),
  step('io_pressure', ['pressureIoPct', 'pressureIoFullPct', 'machineIoWaitPct']),
]
