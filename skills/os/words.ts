import type { Disk } from './disks.ts'
import type { Effects, OsFinding, OsTrouble } from './verdict.ts'
import type { OsWindow } from './window.ts'

/** What a finding says. */
export interface OsWords {
  readonly observation: string
  readonly explanation: string
  readonly remedy: string
}

const MB = 1_048_576

/** Facts, cause and remedy of a finding. Pure. */
export function wordsOf({ trouble, disk }: OsFinding, window: OsWindow, effects: Effects): OsWords {
  return {
    observation: OBSERVATIONS[trouble](window, effects, disk),
    explanation: EXPLANATIONS[trouble](window),
    remedy: REMEDIES[trouble],
  }
}

type Say = (window: OsWindow, effects: Effects, disk: Disk | undefined) => string

const OBSERVATIONS: Record<OsTrouble, Say> = {
  cpu_throttled: (window, { loopDelayP99Ms }) =>
    `The cgroup may use ${show(window.coresAllowed, 2)} CPUs and was throttled in ${show(window.throttledPeriodsPct)} % of the periods, ${show(window.throttledTimePct)} % of the time (over ${seconds(window)} s); the event loop was up to ${show(loopDelayP99Ms)} ms late`,
  memory_near_limit: (window) =>
    `The cgroup uses ${show(window.cgroupMemoryUsedMb)} MB of the ${show(window.cgroupMemoryLimitMb)} MB that it may (${show(window.cgroupMemoryUsedPct)} %); this process has ${show(window.rssMb)} MB of it`,
  memory_machine_full: (window) =>
    `${show(window.memoryUsedPct)} % of the machine's memory is in use, ${show(window.memoryAvailableMb)} MB are available; this process has ${show(window.rssMb)} MB`,
  memory_pressure: (window) =>
    `For ${show(window.pressureMemoryFullPct)} % of the last 10 s nothing could run for want of memory (PSI memory full); swap in use ${show(window.swapUsedMb)} MB`,
  oom_killed: (window, { freshOomKills }) =>
    `The kernel has killed ${freshOomKills} process${freshOomKills === 1 ? '' : 'es'} of this cgroup for want of memory while this one was watched; ${show(window.cgroupMemoryUsedPct)} % of its limit are in use now`,
  disk_full: (_window, _effects, disk) =>
    disk === undefined
      ? 'A file system is full'
      : `The file system of ${disk.folder} is ${show(disk.usedPct)} % full: ${show(disk.availableBytes / MB)} MB of ${show(disk.totalBytes / MB)} MB are left${disk.filesUsedPct !== undefined && disk.filesUsedPct >= 99 ? `, and ${show(disk.filesUsedPct)} % of its inodes are used` : ''}`,
  pids_near_limit: (window) =>
    `The cgroup uses ${show(window.pidsUsedPct)} % of the processes and threads that it may have`,
  cpu_contention: (window) =>
    `The main thread waited for a CPU for ${show(window.mainWaitPct)} % of the time (over ${seconds(window)} s); the machine's CPUs are ${show(window.machineCpuPct)} % busy, ${show(window.othersCpuPct)} % with other processes; this process used ${show(window.processCpuPct)} % of one`,
  cpu_steal: (window) =>
    `The hypervisor took ${show(window.machineStealPct)} % of the CPU time of this machine (steal, over ${seconds(window)} s)`,
  io_pressure: (window) =>
    `For ${show(window.pressureIoFullPct)} % of the last 10 s nothing could run because it waited for input or output (PSI io full)`,
}

const EXPLANATIONS: Record<OsTrouble, (window: OsWindow) => string> = {
  cpu_throttled: ({ processCpuPct, coresAllowed }) =>
    `The CPU limit of the container stops all of its threads until the next period: the delays come from the limit. The process used ${show(processCpuPct)} % of a CPU of ${show((coresAllowed ?? 0) * 100)} % allowed; garbage collection and the thread pool count too`,
  memory_near_limit: ({ rssMb, cgroupMemoryUsedMb }) =>
    (rssMb ?? 0) < (cgroupMemoryUsedMb ?? 0) / 2
      ? 'The kernel kills a process of the container when the limit is reached; most of the memory is held by others of its processes, or by files in memory (tmpfs)'
      : 'The kernel kills this process when the limit is reached',
  memory_machine_full: () => 'The kernel kills a process when nothing is left',
  memory_pressure: () =>
    'The kernel reclaims or swaps memory all the time: everything is slow, whatever the application does',
  oom_killed: () => 'The memory limit of the container was reached',
  disk_full: () => 'Writing fails with ENOSPC when nothing is left',
  pids_near_limit: () => 'No further thread or child process can be started (EAGAIN)',
  cpu_contention: () =>
    'Surroundings: other processes of this machine take the CPU, so that everything here is late; this is no fault of the application',
  cpu_steal: () =>
    'Surroundings: the host of this virtual machine has too little CPU; this is no fault of the application',
  io_pressure: () =>
    'Surroundings: the disks are overloaded, by this process or another one of the machine',
}

const REMEDIES: Record<OsTrouble, string> = {
  cpu_throttled:
    'Raise the CPU limit (cpu.max, resources.limits.cpu) or remove it, or use less CPU: fewer threads (UV_THREADPOOL_SIZE, worker pools), less work per request',
  memory_near_limit:
    'Find what grows in this process (skills tables, gc, allocator), or raise the limit; set --max-old-space-size below it so that V8 collects in time',
  memory_machine_full: 'Find what holds the memory of the machine, or give it more',
  memory_pressure: 'Give the process or the machine more memory, or make it use less',
  oom_killed: 'Raise the memory limit, or find what grows (skills tables, gc, allocator)',
  disk_full: 'Remove or rotate logs and temporary files, or enlarge the file system',
  pids_near_limit:
    'Find what starts threads or children and does not end them (skill handles), or raise pids.max',
  cpu_contention: 'Move other work away from this machine, or give the process a CPU of its own',
  cpu_steal: 'Ask for a machine with CPUs of its own',
  io_pressure: 'Find who writes or reads that much (pidstat -d), or use faster disks',
}

function seconds({ spanMs }: OsWindow): number {
  return Math.round(spanMs / 1000)
}

function show(
  value: number | null | undefined,
  digits = value !== null && value !== undefined && value < 10 ? 1 : 0,
): string {
  return value === null || value === undefined ? '?' : String(Number(value.toFixed(digits)))
}
