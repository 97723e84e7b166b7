import { setTimeout as delay } from 'node:timers/promises'
import type { SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import type { Json } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { Point } from '../series.ts'
import { type GcMark, type GcWindow, markOf, windowOf } from './marks.ts'
import { type Measured, measuredOf } from './measure.ts'
import { type FloorTrend, floorTrend } from './trend.ts'
import { SUSPECT_PCT, SUSPECT_READINGS } from './verdict.ts'

const MB = 1_048_576
const KEEP_MARKS = 62
/** Time over which suspicion looks. */
const SUSPECT_MS = 3000
/** A recording serves those who ask for this long. */
const FRESH_MS = 8000
const RECORD_MS = 1500
const SIX_HOURS_MS = 6 * 3_600_000
/** Floors that a trend looks at: of these all, of older ones one a minute. */
const FLOOR_METRIC = 'gc_heapAfterMajorMb'

/** Follows main's collections from outside, and records some of them closely when they take much time. */
export class GcWatch {
  readonly #context: SkillContext
  #marks: GcMark[] = []
  #suspect = 0
  #measured: { readonly at: number; readonly value: Measured } | undefined
  #measuring: Promise<Measured> | undefined

  constructor(context: SkillContext) {
    this.#context = context
  }

  tick(now: number): void {
    const mark = markOf(this.#context.reader, now)
    this.#marks = [...this.#marks, mark].slice(-KEEP_MARKS)
    // while main is stuck it reports no collections: the counters stand still, and say nothing
    if (mark.beats === this.#marks.at(-2)?.beats) return
    const isMuch = this.window(SUSPECT_MS).ownSharePct >= SUSPECT_PCT
    this.#suspect = isMuch ? this.#suspect + 1 : 0
  }

  /** Collections have taken much of the time for some seconds. */
  get isSuspicious(): boolean {
    return this.#suspect >= SUSPECT_READINGS
  }

  /** What happened in the last time, as far as marks reach back. */
  window(overMs: number): GcWindow {
    const to = this.#marks.at(-1) ?? markOf(this.#context.reader, epochMs())
    const from = this.#marks.findLast(({ at }) => to.at - at >= overMs) ?? this.#marks[0] ?? to
    return windowOf(from, to)
  }

  metrics(): MetricReadings {
    const { reader } = this.#context
    const floor = this.floors().at(-1)
    const last = this.#marks.at(-1)
    const isTurning = last !== undefined && last.beats !== this.#marks.at(-2)?.beats
    const window = this.window(1000)
    return {
      gauges: {
        sharePct: isTurning ? window.sharePct : null,
        longestPauseMs: isTurning ? window.longestMs : null,
        heapAfterMajorMb: floor === undefined ? null : floor.value,
      },
      counters: {
        minors: reader.gauge('gcMinorCount'),
        majors: reader.gauge('gcMajorCount'),
      },
    }
  }

  /** Live heap in MB right after each of the last full collections, oldest first. */
  floors(): Point[] {
    return this.#context.reader
      .gcEvents()
      .filter(({ kind, heapUsedBytes }) => kind === 'major' && heapUsedBytes > 0)
      .map(({ at, heapUsedBytes }) => ({ at, value: heapUsedBytes / MB }))
  }

  /** Of the last floors, else of the hours. */
  trend(): FloorTrend | undefined {
    const { reader, history } = this.#context
    const limitMb = reader.gauge('oldLimitBytes') / MB
    const now = epochMs()
    const long = history
      .spans(FLOOR_METRIC, now - SIX_HOURS_MS, now)
      .map(({ at, last }) => ({ at, value: last }))
    return floorTrend(this.floors(), limitMb) ?? floorTrend(changes(long), limitMb)
  }

  /** Records collections for a moment, or gives what was recorded just now. @throws {SkillFailure} */
  async measure(forMs = RECORD_MS): Promise<Measured> {
    const known = this.#measured
    if (known !== undefined && epochMs() - known.at < FRESH_MS) return known.value
    this.#measuring ??= this.#record(forMs).finally(() => {
      this.#measuring = undefined
    })
    return this.#measuring
  }

  async #record(forMs: number): Promise<Measured> {
    const { access } = this.#context
    const ask = async (name: string): Promise<Json> =>
      (await access.invoke(name, null, { timeoutMs: 3000 })).value
    await ask('gc.start')
    const startedAt = epochMs()
    await delay(forMs, undefined, { ref: false })
    const spanMs = epochMs() - startedAt
    const value = measuredOf(await ask('gc.stop'), spanMs)
    this.#measured = { at: epochMs(), value }
    return value
  }
}

/** A gauge that is read each second changes only with a full collection. */
function changes(points: readonly Point[]): Point[] {
  return points.filter(({ value }, index) => value !== points[index - 1]?.value)
}
