import type { Cgroup } from './cgroup.ts'
import type { Disk } from './disks.ts'
import type { Machine, Process } from './machine.ts'

/** Everything at one moment. */
export interface OsReading {
  readonly at: number
  readonly machine: Machine
  readonly cgroup: Cgroup | undefined
  readonly process: Process
  /** CPU time of all threads of the process. */
  readonly processCpuMs: number
}

/** What happened between two readings, and the levels at the second. null: it is not told here. */
export interface OsWindow {
  readonly spanMs: number
  readonly cores: number | null
  /** CPUs' worth of time that the cgroup allows; null: no limit. */
  readonly coresAllowed: number | null
  readonly machineCpuPct: number | null
  readonly machineStealPct: number | null
  readonly machineIoWaitPct: number | null
  /** 100 is one core. */
  readonly processCpuPct: number
  /** Share of the time in which the main thread was runnable and had no CPU. */
  readonly mainWaitPct: number | null
  /** Of the CPU time of the machine that was used, what other processes had. */
  readonly othersCpuPct: number | null
  /** Share of the scheduler's periods in which the cgroup was throttled, and of the time that it was. */
  readonly throttledPeriodsPct: number | null
  readonly throttledTimePct: number | null
  readonly memoryUsedPct: number | null
  readonly memoryAvailableMb: number | null
  readonly swapUsedMb: number | null
  readonly rssMb: number | null
  readonly cgroupMemoryLimitMb: number | null
  readonly cgroupMemoryUsedMb: number | null
  readonly cgroupMemoryUsedPct: number | null
  readonly oomKills: number | null
  readonly pidsUsedPct: number | null
  readonly pressureCpuPct: number | null
  readonly pressureMemoryPct: number | null
  readonly pressureMemoryFullPct: number | null
  readonly pressureIoPct: number | null
  readonly pressureIoFullPct: number | null
  readonly disks: readonly Disk[]
}

const MB = 1_048_576

/** Pure. */
export function osWindow(from: OsReading, to: OsReading, disks: readonly Disk[]): OsWindow {
  const spanMs = Math.max(to.at - from.at, 1)
  return {
    spanMs,
    disks,
    ...cpuOf(from, to, spanMs),
    ...throttlingOf(from, to, spanMs),
    ...memoryOf(to),
    ...pressureOf(to),
  }
}

/** All but the disks, by name. */
export function numbersOf(window: OsWindow): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(window).filter(
      (entry): entry is [string, number | null] =>
        entry[1] === null || typeof entry[1] === 'number',
    ),
  )
}

type Keys<Name extends keyof OsWindow> = Pick<OsWindow, Name>

function cpuOf(
  from: OsReading,
  to: OsReading,
  spanMs: number,
): Keys<
  | 'cores'
  | 'coresAllowed'
  | 'machineCpuPct'
  | 'machineStealPct'
  | 'machineIoWaitPct'
  | 'processCpuPct'
  | 'mainWaitPct'
  | 'othersCpuPct'
> {
  const [before, now] = [from.machine.cpu, to.machine.cpu]
  const totalMs = grown(before?.totalMs, now?.totalMs)
  const busyMs = grown(before?.busyMs, now?.busyMs)
  const ownMs = Math.max(0, to.processCpuMs - from.processCpuMs)
  return {
    cores: now?.cores ?? null,
    coresAllowed: to.cgroup?.cpu.limitCores ?? null,
    machineCpuPct: share(busyMs, totalMs),
    machineStealPct: share(grown(before?.stealMs, now?.stealMs), totalMs),
    machineIoWaitPct: share(grown(before?.ioWaitMs, now?.ioWaitMs), totalMs),
    processCpuPct: (100 * ownMs) / spanMs,
    mainWaitPct: share(grown(from.process.mainWaitMs, to.process.mainWaitMs), spanMs),
    othersCpuPct: share(busyMs === undefined ? undefined : Math.max(0, busyMs - ownMs), totalMs),
  }
}

function throttlingOf(
  from: OsReading,
  to: OsReading,
  spanMs: number,
): Keys<'throttledPeriodsPct' | 'throttledTimePct'> {
  const [before, now] = [from.cgroup?.cpu, to.cgroup?.cpu]
  const periods = grown(before?.periods, now?.periods)
  return {
    throttledPeriodsPct: share(grown(before?.throttledPeriods, now?.throttledPeriods), periods),
    throttledTimePct: share(grown(before?.throttledMs, now?.throttledMs), spanMs),
  }
}

function memoryOf({
  machine,
  cgroup,
  process,
}: OsReading): Keys<
  | 'memoryUsedPct'
  | 'memoryAvailableMb'
  | 'swapUsedMb'
  | 'rssMb'
  | 'cgroupMemoryLimitMb'
  | 'cgroupMemoryUsedMb'
  | 'cgroupMemoryUsedPct'
  | 'oomKills'
  | 'pidsUsedPct'
> {
  const { memoryTotalBytes: total, memoryAvailableBytes: available } = machine
  const used = total === undefined || available === undefined ? undefined : total - available
  const limit = cgroup?.memory.limitBytes
  // a limit beyond the machine's memory is none
  const isLimited = limit !== undefined && (total === undefined || limit < total)
  return {
    memoryUsedPct: share(used, total),
    memoryAvailableMb: inMb(available),
    swapUsedMb: inMb(machine.swapUsedBytes),
    rssMb: inMb(process.rssBytes),
    cgroupMemoryLimitMb: isLimited ? inMb(limit) : null,
    cgroupMemoryUsedMb: inMb(cgroup?.memory.usedBytes),
    cgroupMemoryUsedPct: isLimited ? share(cgroup?.memory.usedBytes, limit) : null,
    oomKills: cgroup?.memory.oomKills ?? null,
    pidsUsedPct: share(cgroup?.pids.used, cgroup?.pids.limit),
  }
}

/** The cgroup's own where it tells, else the machine's. */
function pressureOf({
  machine,
  cgroup,
}: OsReading): Keys<
  | 'pressureCpuPct'
  | 'pressureMemoryPct'
  | 'pressureMemoryFullPct'
  | 'pressureIoPct'
  | 'pressureIoFullPct'
> {
  const memory = cgroup?.pressure.memory ?? machine.pressure.memory
  const io = cgroup?.pressure.io ?? machine.pressure.io
  return {
    pressureCpuPct: machine.pressure.cpu?.some10sPct ?? null,
    pressureMemoryPct: memory?.some10sPct ?? null,
    pressureMemoryFullPct: memory?.full10sPct ?? null,
    pressureIoPct: io?.some10sPct ?? null,
    pressureIoFullPct: io?.full10sPct ?? null,
  }
}

/** A counter that fell began anew (another cgroup). */
function grown(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined || to < from ? undefined : to - from
}

function share(part: number | undefined, whole: number | undefined): number | null {
  return part === undefined || whole === undefined || whole <= 0 ? null : (100 * part) / whole
}

function inMb(bytes: number | undefined): number | null {
  return bytes === undefined ? null : bytes / MB
}
