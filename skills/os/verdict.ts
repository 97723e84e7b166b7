import type { Severity } from '../contract.ts'
import type { Disk } from './disks.ts'
import type { OsWindow } from './window.ts'

/** What is wrong around the process. */
export type OsTrouble =
  | 'cpu_throttled'
  | 'memory_near_limit'
  | 'memory_machine_full'
  | 'memory_pressure'
  | 'oom_killed'
  | 'disk_full'
  | 'pids_near_limit'
  | 'cpu_contention'
  | 'cpu_steal'
  | 'io_pressure'

export interface OsFinding {
  readonly trouble: OsTrouble
  readonly severity: Severity
  /** The disk, where it is one. */
  readonly disk?: Disk
}

/** How the application fares meanwhile. */
export interface Effects {
  /** The event loop is late: what is told of the CPU has an effect. */
  readonly loopDelayP99Ms: number
  /** Processes that the kernel has killed since the watch began. */
  readonly freshOomKills: number
}

const MB = 1_048_576
/** Lateness of the loop from which the surroundings are to blame for something. */
const LATE_MS = 60
const THROTTLED_PERIODS_PCT = 20
const THROTTLED_TIME_PCT = 8
const NEAR_PCT = 90
const VERY_NEAR_PCT = 96

/**
 * Judges the surroundings. What other processes do to the machine is `info`: it explains, and is nobody's fault
 * here. Only what will stop this process, or the limits that were set for it, are warnings. Pure.
 */
export function judgeOs(window: OsWindow, effects: Effects): OsFinding[] {
  return [
    ...cpuFindings(window, effects),
    ...memoryFindings(window, effects),
    ...diskFindings(window.disks),
    ...(isAbove(window.pidsUsedPct, NEAR_PCT)
      ? [{ trouble: 'pids_near_limit', severity: 'warning' } as const]
      : []),
    ...(isAbove(window.pressureIoFullPct, 40)
      ? [{ trouble: 'io_pressure', severity: 'info' } as const]
      : []),
  ]
}

function cpuFindings(window: OsWindow, { loopDelayP99Ms }: Effects): OsFinding[] {
  const findings: OsFinding[] = []
  const isThrottled =
    isAbove(window.throttledPeriodsPct, THROTTLED_PERIODS_PCT) &&
    isAbove(window.throttledTimePct, THROTTLED_TIME_PCT)
  if (isThrottled) {
    const severity = loopDelayP99Ms >= LATE_MS ? 'warning' : 'info'
    findings.push({ trouble: 'cpu_throttled', severity })
  }
  if (isAbove(window.machineStealPct, 10)) findings.push({ trouble: 'cpu_steal', severity: 'info' })
  const isWaiting = isAbove(window.mainWaitPct, 25) && isAbove(window.machineCpuPct, 85)
  if (isWaiting && !isThrottled && isAbove(window.othersCpuPct, 40)) {
    findings.push({ trouble: 'cpu_contention', severity: 'info' })
  }
  return findings
}

function memoryFindings(window: OsWindow, { freshOomKills }: Effects): OsFinding[] {
  const findings: OsFinding[] = []
  const { cgroupMemoryUsedPct, memoryUsedPct, memoryAvailableMb, rssMb } = window
  if (freshOomKills > 0) findings.push({ trouble: 'oom_killed', severity: 'critical' })
  if (isAbove(cgroupMemoryUsedPct, NEAR_PCT)) {
    const severity = isAbove(cgroupMemoryUsedPct, VERY_NEAR_PCT) ? 'critical' : 'warning'
    findings.push({ trouble: 'memory_near_limit', severity })
  }
  if (isAbove(memoryUsedPct, VERY_NEAR_PCT) && (memoryAvailableMb ?? Infinity) < 1024) {
    // who holds a good part of what is used is a part of the trouble
    const used = (memoryAvailableMb ?? 0) / (100 - (memoryUsedPct ?? 0))
    const isOurs = (rssMb ?? 0) > used * 25
    findings.push({ trouble: 'memory_machine_full', severity: isOurs ? 'warning' : 'info' })
  }
  if (isAbove(window.pressureMemoryFullPct, 15)) {
    const isOwnLimit = cgroupMemoryUsedPct !== null
    findings.push({ trouble: 'memory_pressure', severity: isOwnLimit ? 'warning' : 'info' })
  }
  return findings
}

function diskFindings(disks: readonly Disk[]): OsFinding[] {
  return disks.flatMap((disk): OsFinding[] => {
    // a read-only image is full by nature
    if (!disk.isWritable) return []
    const { usedPct, availableBytes, filesUsedPct } = disk
    const isFull = usedPct >= 99.5 && availableBytes < 100 * MB
    const isOutOfFiles = (filesUsedPct ?? 0) >= 99
    if (isFull || isOutOfFiles) return [{ trouble: 'disk_full', severity: 'critical', disk }]
    const isNear = usedPct >= 97 && availableBytes < 1024 * MB
    return isNear ? [{ trouble: 'disk_full', severity: 'warning', disk }] : []
  })
}

function isAbove(value: number | null, limit: number): boolean {
  return value !== null && value >= limit
}
