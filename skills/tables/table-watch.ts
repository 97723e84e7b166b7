import type { MainAccess } from '../gateway/main-access.ts'
import { isRecord, textOf } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { Measured } from './census-answers.ts'
import type { CensusRun } from './census-run.ts'
import { judgeTrend, type SizePoint, type Trend } from './verdict.ts'

/** A collection followed over time. */
export interface Table {
  readonly measured: Measured
  /** Registered by the application under its name, rather than found. */
  readonly isRegistered: boolean
  readonly points: readonly SizePoint[]
  readonly trend: Trend
}

const MAX_POINTS = 120
const MAX_TABLES = 600
/** A census older than this is taken anew when someone asks. */
const CENSUS_FRESH_MS = 30_000
const REGISTERED_EVERY_MS = 5000
/** After a reason for suspicion the sizes are read each second for this long. */
const ARMED_MS = 60_000

/**
 * Follows the sizes of registered collections, and of those that a census finds when there is a
 * reason to look. At rest, with nothing registered, it does nothing.
 */
export class TableWatch {
  readonly #run: CensusRun
  readonly #access: MainAccess
  readonly #tables = new Map<
    string,
    { measured: Measured; isRegistered: boolean; points: SizePoint[] }
  >()
  #census: Promise<void> | undefined
  #censusAt = 0
  #registeredAt = 0
  #armedUntil = 0
  #isBusy = false

  constructor(run: CensusRun, access: MainAccess) {
    this.#run = run
    this.#access = access
  }

  /** Memory grows: take a census now and watch the sizes for a minute. */
  arm(): void {
    this.#armedUntil = epochMs() + ARMED_MS
    void this.refresh().catch(() => undefined)
  }

  /** There was a reason to look: sizes are read each second. */
  get isArmed(): boolean {
    return epochMs() < this.#armedUntil
  }

  /** Called once a second. */
  tick(registered: number, lateMs: number): void {
    const now = epochMs()
    if (this.#isBusy || lateMs > 200) return
    const isArmed = now < this.#armedUntil
    const isDue = registered > 0 && now - this.#registeredAt >= REGISTERED_EVERY_MS
    if (!isArmed && !isDue) return
    this.#isBusy = true
    void (isArmed ? this.measure() : this.#readRegistered(now))
      .catch(() => undefined)
      .finally(() => {
        this.#isBusy = false
      })
  }

  /** Takes a census unless one is there that is not older, and reads all sizes. @throws {InspectorUnavailable} */
  async refresh(freshMs = CENSUS_FRESH_MS): Promise<void> {
    if (epochMs() - this.#censusAt > freshMs) {
      this.#census ??= this.#run.run().then(
        () => this.#endCensus(epochMs()),
        (error: unknown) => {
          this.#endCensus(0)
          throw error
        },
      )
      await this.#census
    }
    await this.measure()
  }

  /** Reads the sizes of what is known. */
  async measure(): Promise<void> {
    const now = epochMs()
    for (const measured of await this.#run.measure()) this.#add(measured, false, now)
    await this.#readRegistered(now).catch(() => undefined)
  }

  /** All tables, the ones that grow most by bytes first. */
  tables(): Table[] {
    return [...this.#tables.values()]
      .map(({ measured, isRegistered, points }) => {
        const { oldestKept, bound } = measured
        return { measured, isRegistered, points, trend: judgeTrend({ points, oldestKept, bound }) }
      })
      .sort(
        (left, right) =>
          growthBytes(right) - growthBytes(left) || right.measured.size - left.measured.size,
      )
  }

  /** Sizes of the collections that the application registered, by name. */
  registeredSizes(): Record<string, number> {
    const registered = [...this.#tables.values()].filter(({ isRegistered }) => isRegistered)
    return Object.fromEntries(
      registered.map(({ measured }) => [`${measured.path}_entries`, measured.size]),
    )
  }

  #endCensus(at: number): void {
    this.#censusAt = at
    this.#census = undefined
  }

  async #readRegistered(now: number): Promise<void> {
    this.#registeredAt = now
    const { value } = await this.#access.invoke('tables.collections', null, { timeoutMs: 1000 })
    for (const row of Array.isArray(value) ? value : []) {
      if (!isRecord(row)) continue
      const kept = row['oldestKept']
      const measured: Measured = {
        path: textOf(row['name']),
        file: '',
        kind: textOf(row['kind']),
        owner: '',
        size: Number(row['size']),
        bytes: 0,
        outsideBytes: 0,
        ...(typeof kept === 'boolean' ? { oldestKept: kept } : {}),
      }
      this.#add(measured, true, now)
    }
  }

  #add(measured: Measured, isRegistered: boolean, at: number): void {
    const key = `${isRegistered ? 'registered' : measured.file}\n${measured.path}`
    const known = this.#tables.get(key)
    if (known === undefined && this.#tables.size >= MAX_TABLES) return
    const points = [...(known?.points ?? []), { at, size: measured.size }].slice(-MAX_POINTS)
    this.#tables.set(key, { measured, isRegistered, points })
  }
}

/** Growth in bytes a minute, by the estimated size of an entry; signed. */
export function growthBytes({ measured, trend }: Pick<Table, 'measured' | 'trend'>): number {
  const perEntry = measured.size === 0 ? 0 : measured.bytes / measured.size
  return trend.growthPerMinute * Math.max(perEntry, 16)
}
