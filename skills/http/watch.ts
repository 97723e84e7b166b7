import { percentile } from '../gateway/heartbeat-reader.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import type { Json } from '../json.ts'
import { Series } from '../series.ts'
import { type Comparison, compare, type Trouble, troublesOf } from './verdicts.ts'
import { parseHttpReading, WindowBook } from './windows.ts'

export type Direction = 'inbound' | 'outbound'

/** A route or host with something wrong. */
export interface Finding extends Comparison {
  readonly direction: Direction
  readonly key: string
  readonly trouble: Trouble
  /** Readings in a row (of two seconds) in which it was there. */
  readonly readings: number
}

/** An upstream that fails is asked more often than before, while no more requests come in: it is retried. */
export interface Retries {
  readonly perSecond: number
  readonly perSecondBefore: number
  readonly inPerSecond: number
}

const RETRY_FACTOR = 2.5
const RETRY_LEAST_PER_SECOND = 10

/** A symptom is told only when it lasts for so many readings: its cause, if a skill knows it, comes first. */
export const LASTING = 5

/** Beats of the last six seconds, and how late they may be before latencies say nothing of others. */
const BEATS = 120
const LATE_MS = 60
/** Bytes that wait for slow readers, from which it is told. */
const WAITING = { least: 16_777_216, factor: 2, readings: 4 }

/** History of requests by route and host, and what is wrong with them. */
export class HttpWatch {
  readonly inbound = new WindowBook()
  readonly outbound = new WindowBook()
  readonly waitingBytes = new Series()
  /** Time of the newest reading, and whether it is the first: then its counts began some time ago. */
  at = 0
  isFirst = true
  readonly #context: SkillContext
  #readings: ReadonlyMap<string, number> = new Map()

  constructor(context: SkillContext) {
    this.#context = context
  }

  hear(value: Json, now: number): void {
    const reading = parseHttpReading(value)
    if (reading === undefined) return
    this.isFirst = this.at === 0
    this.at = now
    this.inbound.add(reading.inbound, now)
    this.outbound.add(reading.outbound, now)
    this.waitingBytes.add({ at: now, value: reading.waitingBytes })
    this.#readings = new Map(
      this.findings().map((finding) => [keyOf(finding), finding.readings + 1]),
    )
  }

  /** While the loop is late, every latency is: then only what hangs or fails is told. */
  get isLoopLate(): boolean {
    const late = this.#context.reader.recentLatenesses(BEATS).sort((left, right) => left - right)
    return percentile(late, 0.9) > LATE_MS || this.#context.lateMs() > 500
  }

  findings(): Finding[] {
    const isLate = this.isLoopLate
    return (['outbound', 'inbound'] as const).flatMap((direction) =>
      this[direction].keys().flatMap((key) => {
        const windows = this[direction].of(key)
        return troublesOf(windows)
          .filter((trouble) => !isLate || trouble === 'errors')
          .map((trouble) => ({
            direction,
            key,
            trouble,
            readings: this.#readings.get(keyOf({ direction, key, trouble })) ?? 0,
            ...compare(windows),
          }))
      }),
    )
  }

  /** Whether a failing upstream is asked again and again. */
  retriesOf({ direction, trouble, now, before }: Finding): Retries | undefined {
    if (direction !== 'outbound' || trouble !== 'errors' || before === undefined) return undefined
    const inbound = this.inbound.keys().map((key) => compare(this.inbound.of(key)))
    const sum = (rates: readonly (number | undefined)[]): number =>
      rates.reduce<number>((total, rate) => total + (rate ?? 0), 0)
    const inPerSecond = sum(inbound.map((one) => one.now.perSecond))
    const inBefore = sum(inbound.map((one) => one.before?.perSecond))
    const factor = now.perSecond / Math.max(before.perSecond, 0.1)
    const inFactor = Math.max(1, inPerSecond / Math.max(inBefore, 0.1))
    if (now.perSecond < RETRY_LEAST_PER_SECOND || factor < RETRY_FACTOR * inFactor) return undefined
    return { perSecond: now.perSecond, perSecondBefore: before.perSecond, inPerSecond }
  }

  /** What clients do not take piles up. */
  get waitingRise(): ReturnType<Series['rise']> {
    return this.waitingBytes.rise(WAITING)
  }
}

function keyOf({
  direction,
  trouble,
  key,
}: Pick<Finding, 'direction' | 'trouble' | 'key'>): string {
  return `${direction} ${trouble} ${key}`
}
