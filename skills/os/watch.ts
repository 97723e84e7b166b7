import { tmpdir } from 'node:os'
import type { MetricReadings } from '../history/feed.ts'
import { CgroupReader } from './cgroup.ts'
import { DiskWatch } from './disks.ts'
import { readMachine, readProcess } from './machine.ts'
import { SystemFiles } from './system-files.ts'
import { numbersOf, type OsReading, type OsWindow, osWindow } from './window.ts'

/** About a third of a millisecond of small files: not each second. */
const READ_EVERY_MS = 2000
const KEEP_READINGS = 31
/** What does not change is no history. */
const STATIC = ['spanMs', 'cores', 'coresAllowed', 'cgroupMemoryLimitMb']

/** What is read, for tests. */
export interface OsSources {
  readonly files: SystemFiles
  readonly disks: DiskWatch
  readonly processCpuMs: () => number
}

function realSources(): OsSources {
  return {
    files: new SystemFiles(),
    disks: new DiskWatch([process.cwd(), tmpdir()]),
    processCpuMs: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
  }
}

/** Reads the surroundings of the process, from the gateway's thread alone. */
export class OsWatch {
  readonly #sources: OsSources
  readonly #cgroup: CgroupReader
  #readings: OsReading[] = []
  #firstOomKills: number | undefined

  constructor(sources = realSources()) {
    this.#sources = sources
    this.#cgroup = new CgroupReader(sources.files)
  }

  /** Returns whether it has read anew. */
  tick(now: number): boolean {
    this.#sources.disks.tick(now)
    if (now - (this.#readings.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < READ_EVERY_MS - 100) {
      return false
    }
    this.read(now)
    return true
  }

  read(now: number): OsReading {
    const { files, processCpuMs } = this.#sources
    const reading: OsReading = {
      at: now,
      machine: readMachine(files),
      cgroup: this.#cgroup.read(),
      process: readProcess(files),
      processCpuMs: processCpuMs(),
    }
    this.#firstOomKills ??= reading.cgroup?.memory.oomKills
    this.#readings = [...this.#readings, reading].slice(-KEEP_READINGS)
    return reading
  }

  /** The newest reading. */
  get last(): OsReading | undefined {
    return this.#readings.at(-1)
  }

  /** The last seconds, as far as readings reach back; undefined before the second reading. */
  window(overMs: number): OsWindow | undefined {
    const to = this.#readings.at(-1)
    const from =
      this.#readings.findLast(({ at }) => at <= (to?.at ?? 0) - overMs) ?? this.#readings[0]
    if (from === undefined || to === undefined || from === to) return undefined
    return osWindow(from, to, this.#sources.disks.disks())
  }

  /** Processes of the cgroup that were killed for memory since the watch began. */
  get freshOomKills(): number {
    const kills = this.last?.cgroup?.memory.oomKills
    return kills === undefined || this.#firstOomKills === undefined
      ? 0
      : Math.max(0, kills - this.#firstOomKills)
  }

  metrics(): MetricReadings {
    const window = this.window(READ_EVERY_MS)
    if (window === undefined) return {}
    const { disks } = window
    const levels = Object.fromEntries(
      Object.entries(numbersOf(window)).filter(([name]) => !STATIC.includes(name)),
    )
    const loads = this.last?.machine.loadAverages
    return {
      gauges: {
        ...levels,
        loadAverage1m: loads?.[0] ?? null,
        diskUsedPct: disks.length === 0 ? null : Math.max(...disks.map(({ usedPct }) => usedPct)),
      },
    }
  }
}
