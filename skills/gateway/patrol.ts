import type { MetricFeed } from '../history/feed.ts'
import { isRecord, type Json } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { MainAccess } from './main-access.ts'
import type { OutsideHalf } from './outside-part.ts'

/** How often main's parts are read, milliseconds. */
const PATROL_MS = 2000
/** Main is not asked while its heartbeat is later than this. */
const LATE_MS = 100

/** Goes round the skills in use: one small message to main for all of their readings. */
export class Patrol {
  readonly #access: MainAccess
  readonly #halves: ReadonlyMap<string, OutsideHalf>
  readonly #lateMs: () => number
  readonly #feed: MetricFeed
  #isAsking = false

  constructor(
    access: MainAccess,
    halves: ReadonlyMap<string, OutsideHalf>,
    lateMs: () => number,
    feed: MetricFeed,
  ) {
    this.#access = access
    this.#halves = halves
    this.#lateMs = lateMs
    this.#feed = feed
  }

  /** Returns how to end it. Without a skill that listens there is no patrol. */
  start(): () => void {
    if (![...this.#halves.values()].some(({ hear }) => hear !== undefined)) return () => {}
    const timer = setInterval(() => void this.#go(), PATROL_MS).unref()
    return () => clearInterval(timer)
  }

  async #go(): Promise<void> {
    if (this.#isAsking || this.#lateMs() > LATE_MS) return
    this.#isAsking = true
    try {
      const call = { timeoutMs: PATROL_MS, mayInterrupt: false }
      this.#tell((await this.#access.invoke('patrol', null, call)).value)
    } catch {
      // Main is stuck or gone; the stall watch has that, and the next round asks again.
    } finally {
      this.#isAsking = false
    }
  }

  #tell(readings: Json): void {
    if (!isRecord(readings)) return
    const now = epochMs()
    for (const [id, half] of this.#halves) {
      const reading = readings[id]
      if (reading === undefined || half.hear === undefined) continue
      half.hear(reading, now)
      if (half.metrics !== undefined) this.#feed.ask(id, half.metrics, now)
    }
  }
}
