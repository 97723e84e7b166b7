import type { MetricFeed, MetricReadings } from '../history/feed.ts'
import { isRecord, type Json } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { MainAccess } from './main-access.ts'
import type { OutsideHalf } from './outside-part.ts'

/** How often main's parts are read, milliseconds. */
const PATROL_MS = 2000
/** Main is not asked while its heartbeat is later than this. */
const LATE_MS = 100

export interface PatrolParts {
  readonly access: MainAccess
  readonly halves: ReadonlyMap<string, OutsideHalf>
  readonly lateMs: () => number
  readonly feed: MetricFeed
  /** The application has skills of its own. */
  readonly hasCustom: boolean
}

/** Goes round the skills in use: one small message to main for all of their readings. */
export class Patrol {
  readonly #parts: PatrolParts
  #isAsking = false

  constructor(parts: PatrolParts) {
    this.#parts = parts
  }

  /** Returns how to end it. Without a skill that listens there is no patrol. */
  start(): () => void {
    const { halves, hasCustom } = this.#parts
    const isHeard = [...halves.values()].some(({ hear }) => hear !== undefined)
    if (!isHeard && !hasCustom) return () => {}
    const timer = setInterval(() => void this.#go(isHeard), PATROL_MS).unref()
    return () => clearInterval(timer)
  }

  async #go(isHeard: boolean): Promise<void> {
    const { access, lateMs, hasCustom } = this.#parts
    if (this.#isAsking || lateMs() > LATE_MS) return
    this.#isAsking = true
    try {
      const call = { timeoutMs: PATROL_MS, mayInterrupt: false }
      if (isHeard) this.#tell((await access.invoke('patrol', null, call)).value)
      if (hasCustom) this.#take((await access.invoke('patrol.custom', null, call)).value)
    } catch {
      // Main is stuck or gone; the stall watch has that, and the next round asks again.
    } finally {
      this.#isAsking = false
    }
  }

  #tell(readings: Json): void {
    if (!isRecord(readings)) return
    const { halves, feed } = this.#parts
    const now = epochMs()
    for (const [id, half] of halves) {
      const reading = readings[id]
      if (reading === undefined || half.hear === undefined) continue
      half.hear(reading, now)
      if (half.metrics !== undefined) feed.ask(id, half.metrics, now)
    }
  }

  #take(readings: Json): void {
    if (!isRecord(readings)) return
    for (const [id, reading] of Object.entries(readings)) {
      this.#parts.feed.ask(id, () => readingsOf(reading), epochMs())
    }
  }
}

/** @throws {Error} Why main could not read them. */
function readingsOf(reading: unknown): MetricReadings {
  if (!isRecord(reading)) return {}
  if (typeof reading['failed'] === 'string') throw new Error(reading['failed'])
  return { gauges: numbersOf(reading['gauges']), counters: numbersOf(reading['counters']) }
}

function numbersOf(value: unknown): Record<string, number> {
  return Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
  )
}
