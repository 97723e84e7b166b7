import { type CgroupFolder, cgroupFolder } from './cgroup-folders.ts'
import { type Pressure, parsePressure } from './pressure.ts'
import { numberOf, type SystemFiles } from './system-files.ts'

/** A limit on CPU time, and how often it was hit. */
export interface CgroupCpu {
  /** CPUs' worth of time; undefined: no limit. */
  readonly limitCores: number | undefined
  /** Counters since the group was made. */
  readonly periods: number | undefined
  readonly throttledPeriods: number | undefined
  readonly throttledMs: number | undefined
}

/** A limit on memory, and what is used of it. */
export interface CgroupMemory {
  readonly limitBytes: number | undefined
  /** Without the page cache that the kernel can drop at once. */
  readonly usedBytes: number | undefined
  /** Processes of the group that the kernel has killed for memory. */
  readonly oomKills: number | undefined
}

/** What the cgroup of this process says; undefined: it does not. */
export interface Cgroup {
  readonly version: 1 | 2
  readonly cpu: CgroupCpu
  readonly memory: CgroupMemory
  readonly pids: { readonly used: number | undefined; readonly limit: number | undefined }
  readonly pressure: { readonly memory: Pressure | undefined; readonly io: Pressure | undefined }
}

interface Folders {
  readonly cpu: CgroupFolder | undefined
  readonly memory: CgroupFolder | undefined
  readonly pids: CgroupFolder | undefined
}

/** Version 1 says "no limit" by a number close to 2^63. */
const NO_LIMIT_BYTES = 2 ** 60

/** Reads the cgroup of this process; looks again where it is once in a while. */
export class CgroupReader {
  readonly #files: SystemFiles
  #folders: Folders | undefined
  #reads = 0

  constructor(files: SystemFiles) {
    this.#files = files
  }

  /** undefined: no cgroup can be seen. About 0.2 ms. */
  read(): Cgroup | undefined {
    if (this.#folders === undefined || this.#reads % 100 === 0) this.#folders = this.#find()
    this.#reads += 1
    const { cpu, memory, pids } = this.#folders
    const version = (memory ?? cpu ?? pids)?.version
    if (version === undefined) return undefined
    const second = memory?.version === 2 ? memory.levels[0] : undefined
    const pressure = (name: string): Pressure | undefined =>
      second === undefined
        ? undefined
        : parsePressure(this.#files.text(`${second}/${name}.pressure`))
    return {
      version,
      cpu: this.#cpu(cpu),
      memory: this.#memory(memory),
      pids: this.#pids(pids),
      pressure: { memory: pressure('memory'), io: pressure('io') },
    }
  }

  #find(): Folders {
    const of = (controller: string): CgroupFolder | undefined =>
      cgroupFolder(this.#files, controller)
    return { cpu: of('cpu'), memory: of('memory'), pids: of('pids') }
  }

  /** Of the level with the tightest limit; without one, of the own. */
  #cpu(folder: CgroupFolder | undefined): CgroupCpu {
    const levels = folder?.levels ?? []
    const limits = levels.map((level) => this.#cores(level, folder?.version))
    const tightest = smallest(limits)
    const level = levels[Math.max(0, tightest)]
    if (level === undefined) {
      return {
        limitCores: undefined,
        periods: undefined,
        throttledPeriods: undefined,
        throttledMs: undefined,
      }
    }
    const stat = this.#files.named(`${level}/cpu.stat`)
    const us = stat.get('throttled_usec')
    const ns = stat.get('throttled_time')
    return {
      limitCores: limits[tightest],
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledMs: us === undefined ? (ns === undefined ? undefined : ns / 1e6) : us / 1000,
    }
  }

  #cores(level: string, version: 1 | 2 | undefined): number | undefined {
    if (version === 2) {
      const [quota, period] = (this.#files.text(`${level}/cpu.max`) ?? '').trim().split(' ')
      return ratio(numberOf(quota), numberOf(period))
    }
    // without a limit the quota is -1
    return ratio(
      this.#files.number(`${level}/cpu.cfs_quota_us`),
      this.#files.number(`${level}/cpu.cfs_period_us`),
    )
  }

  /** Of the level in which least is left; without a limit, of the own. */
  #memory(folder: CgroupFolder | undefined): CgroupMemory {
    const levels = folder?.levels ?? []
    const known = levels.map((level) => this.#memoryOf(level, folder?.version))
    const left = known.map(({ limitBytes, usedBytes }) =>
      limitBytes === undefined ? undefined : limitBytes - (usedBytes ?? 0),
    )
    const none = { limitBytes: undefined, usedBytes: undefined, oomKills: undefined }
    return known[Math.max(0, smallest(left))] ?? none
  }

  #memoryOf(level: string, version: 1 | 2 | undefined): CgroupMemory {
    const isSecond = version === 2
    const stat = this.#files.named(`${level}/memory.stat`)
    const used = this.#files.number(
      `${level}/${isSecond ? 'memory.current' : 'memory.usage_in_bytes'}`,
    )
    const droppable = stat.get(isSecond ? 'inactive_file' : 'total_inactive_file') ?? 0
    const limit = this.#files.number(
      `${level}/${isSecond ? 'memory.max' : 'memory.limit_in_bytes'}`,
    )
    const events = this.#files.named(
      `${level}/${isSecond ? 'memory.events' : 'memory.oom_control'}`,
    )
    return {
      limitBytes: limit === undefined || limit > NO_LIMIT_BYTES ? undefined : limit,
      usedBytes: used === undefined ? undefined : Math.max(0, used - droppable),
      oomKills: events.get('oom_kill'),
    }
  }

  #pids(folder: CgroupFolder | undefined): Cgroup['pids'] {
    const [level] = folder?.levels ?? []
    if (level === undefined) return { used: undefined, limit: undefined }
    return {
      used: this.#files.number(`${level}/pids.current`),
      limit: this.#files.number(`${level}/pids.max`),
    }
  }
}

/** Index of the least known number; -1 of none. */
function smallest(values: readonly (number | undefined)[]): number {
  let found = -1
  for (const [index, value] of values.entries()) {
    if (value !== undefined && value < (values[found] ?? Number.POSITIVE_INFINITY)) found = index
  }
  return found
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || part <= 0 || whole <= 0
    ? undefined
    : part / whole
}
