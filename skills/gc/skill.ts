import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
} from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { allocationRows } from '../profiler/allocations.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { GC_DRILLDOWN, GC_PROMPT } from './drilldown.ts'
import type { Measured } from './measure.ts'
import { type HeapLevel, measuredRow, trendRow, troubleRow, windowRow } from './rows.ts'
import { type GcTrouble, judgeMeasured, SUSPECT_PCT } from './verdict.ts'
import { GcWatch } from './watch.ts'

const MB = 1_048_576
const TEN_SECONDS_MS = 10_000
const SUSPECT_MS = 3000
/** How long allocations are sampled to name who allocates. */
const SAMPLE_MS = 1500
/** From one confirmation to the next, while the suspicion lasts. */
const AGAIN_MS = 15_000

/** What was confirmed is true for so long: the investigation that it starts must find it. */
const FOUND_MS = 30_000

interface Found {
  readonly trouble: GcTrouble
  readonly measured: Measured
  readonly at: number
}

/** Garbage collections of main: pauses, share, what survives, thrash, the trend of the live data. */
export const gcOutside: OutsidePart = { id: 'gc', make: (context) => new GcHalf(context) }

class GcHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  readonly #watch: GcWatch
  readonly #raised = new RaiseOnce()
  #confirmedAt = Number.NEGATIVE_INFINITY
  #found: Found | undefined
  #trendAt = 0

  constructor(context: SkillContext) {
    this.#context = context
    this.#watch = new GcWatch(context)
    this.skill = {
      id: 'gc',
      title: 'Garbage collection',
      description:
        'Garbage collections of the heap: pauses by kind, rate, share of time, what survives; GC thrash, memory leaks by the live data after full collections.',
      systemPrompt: GC_PROMPT,
      watch: [],
      drilldown: GC_DRILLDOWN,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: { ...this.#readings(), ...this.#findings() },
    }
  }

  readonly tick = (now: number): void => {
    this.#watch.tick(now)
    if (!this.#context.isUp()) return
    if (this.#watch.isSuspicious && now - this.#confirmedAt > AGAIN_MS) {
      this.#confirmedAt = now
      void this.#confirm(now)
    }
    if (now - this.#trendAt < TEN_SECONDS_MS) return
    this.#trendAt = now
    const trend = this.#watch.trend()
    if (trend?.isTelling === true) this.#raise('floor', trendRow(trend, undefined), now)
  }

  readonly metrics = (): MetricReadings => this.#watch.metrics()

  /** Nothing is raised that a recording does not confirm. */
  async #confirm(now: number): Promise<void> {
    try {
      const measured = await this.#watch.measure()
      const trouble = this.#judge(measured)
      if (trouble === undefined) return
      this.#found = { trouble, measured, at: epochMs() }
      this.#raise(trouble, troubleRow(trouble, measured, this.#level(), []), now)
    } catch {
      // Main is stuck or gone: the stall watch has that.
    }
  }

  get #isFresh(): boolean {
    return this.#found !== undefined && epochMs() - this.#found.at < FOUND_MS
  }

  #judge(measured: Measured): GcTrouble | undefined {
    const { runPct, forced, majors } = this.#watch.window(SUSPECT_MS)
    const externalMb = this.#context.reader.gauge('externalBytes') / MB
    const heapUsedMb = this.#context.reader.gauge('heapUsedBytes') / MB
    const ownPct = Math.min(measured.sharePct, runPct)
    const forcedShare = majors === 0 ? 0 : forced / majors
    return judgeMeasured(measured, ownPct, { heapUsedMb, externalMb, forcedShare })
  }

  #raise(key: string, row: JsonRecord, now: number): void {
    if (!this.#raised.take(key, now)) return
    this.#context.raise({
      skill: 'gc',
      key,
      severity: row['severity'] === 'critical' ? 'critical' : 'warning',
      reason: `${textOf(row['observation'])}.`,
    })
  }

  #level(): HeapLevel {
    const { reader } = this.#context
    return {
      floorMb: this.#watch.floors().at(-1)?.value,
      usedMb: reader.gauge('heapUsedBytes') / MB,
      limitMb: reader.gauge('oldLimitBytes') / MB,
    }
  }

  #snapshot(): JsonRecord {
    const { sharePct, ownSharePct, minorPerSecond, majorPerMinute, minorP99Ms, majorP50Ms } =
      windowRow(this.#watch.window(TEN_SECONDS_MS))
    const { longestMs } = windowRow(this.#watch.window(60_000))
    const { floorMb, usedMb, limitMb } = this.#level()
    const trend = this.#watch.trend()
    return {
      sharePct: sharePct ?? null,
      ownSharePct: ownSharePct ?? null,
      minorPerSecond: minorPerSecond ?? null,
      majorPerMinute: majorPerMinute ?? null,
      minorP99Ms: minorP99Ms ?? null,
      majorP50Ms: majorP50Ms ?? null,
      longestPause1mMs: longestMs ?? null,
      heapUsedMb: Math.round(usedMb),
      heapLimitMb: Math.round(limitMb),
      heapAfterMajorMb: floorMb === undefined ? null : Math.round(floorMb * 10) / 10,
      floorGrowthMbPerMinute: trend === undefined ? 0 : Math.round(trend.mbPerMinute * 10) / 10,
      floorIsTelling: trend?.isTelling === true,
      isSuspicious: this.#watch.isSuspicious || this.#isFresh,
    }
  }

  #readings(): Record<string, BuiltInCallback> {
    return {
      gc_stats: builtInCallback({
        doc: 'Collections of the last seconds (60 at most), by the clock: spanMs, sharePct of the time, ownSharePct (no more than main was on a CPU: other processes lengthen pauses), runPct (of main), minorPerSecond, minorMs, majorPerMinute, majors, majorMs, forced (of the full ones, those that code asked for), minorP99Ms, majorP50Ms, longestMs (upper bounds of 1, 2, 5, 10, 20, 50 … ms). { seconds = 30 }',
        input: v.strictObject({ seconds: countInput(1, 60, 30) }),
        run: ({ seconds }) => windowRow(this.#watch.window(seconds * 1000)),
      }),
      gc_measure: builtInCallback({
        doc: 'Records the collections of the next moment, each with the heap before and after: sharePct, minors, minorMs, majors, majorMs, longestMs, freedByMajorsPct (of the heap, each; null: no full one), survivedMinorsPct (of the young objects; null: no minor one), promotedMbPerSecond, freedMbPerSecond. { milliseconds = 1500 }',
        input: v.strictObject({ milliseconds: countInput(200, 8000, 1500) }),
        effect: { probe: { mainPauseMs: 10 } },
        defaultTimeoutMs: 15_000,
        run: async ({ milliseconds }) => measuredRow(await this.#watch.measure(milliseconds)),
      }),
      gc_floors: builtInCallback({
        doc: 'Heap in use right after each of the last full collections, newest first: at, heapUsedMb. { limit = 10 }',
        input: v.strictObject({ limit: countInput(1, 50, 10) }),
        run: ({ limit }) => this.#floorRows(limit),
      }),
    }
  }

  #findings(): Record<string, BuiltInCallback> {
    const nothing = v.strictObject({})
    return {
      gc_troubles: builtInCallback({
        doc: 'What is wrong with the collections, measured (1.5 s, and as long for who allocates); empty when they take less than 15 % of the time: trouble (thrash: full collections that free little; pressure: very much is allocated; forced: code calls global.gc()), location {file, line, function} of who allocates most where one stands out, observation, explanation, remedy.',
        input: nothing,
        effect: { probe: { mainPauseMs: 30 } },
        defaultTimeoutMs: 15_000,
        run: () => this.#troubles(),
      }),
      gc_trend: builtInCallback({
        doc: 'The live data after full collections, if it grows steadily (over the last collections, or up to six hours): fromMb, toMb, overMinutes, growthMbPerMinute, minutesToLimit, reportable (ten minutes of growth, or the limit is near), location of who allocates what stays, observation. Empty when it does not. Forces two full collections when it is reportable.',
        input: nothing,
        effect: { probe: { mainPauseMs: 300 } },
        defaultTimeoutMs: 15_000,
        run: () => this.#trendRows(),
      }),
    }
  }

  #floorRows(limit: number): JsonRecord[] {
    const newest = this.#watch.floors().toReversed().slice(0, limit)
    return newest.map(({ at, value }) => ({
      at: new Date(at).toISOString(),
      heapUsedMb: Math.round(value * 10) / 10,
    }))
  }

  async #troubles(): Promise<JsonRecord[]> {
    const found = await this.#look()
    if (found === undefined) return []
    const { trouble, measured } = found
    const allocators = trouble === 'pressure' ? await this.#sample('all') : []
    return [troubleRow(trouble, measured, this.#level(), allocators)]
  }

  /** What was confirmed just now, or what is seen now. */
  async #look(): Promise<Found | undefined> {
    if (this.#isFresh) return this.#found
    if (this.#watch.window(SUSPECT_MS).ownSharePct < SUSPECT_PCT) return undefined
    const measured = await this.#watch.measure()
    const trouble = this.#judge(measured)
    return trouble === undefined ? undefined : { trouble, measured, at: epochMs() }
  }

  async #trendRows(): Promise<JsonRecord[]> {
    const trend = this.#watch.trend()
    if (trend === undefined) return []
    const [kept] = trend.isTelling ? await this.#sample('kept') : []
    return [trendRow(trend, kept)]
  }

  /** None where main cannot be profiled now: the row is told without a place. */
  async #sample(what: 'all' | 'kept'): Promise<JsonRecord[]> {
    const forMs = what === 'all' ? SAMPLE_MS : SAMPLE_MS * 2
    return allocationRows(this.#context, { forMs, what, limit: 1 }).catch(() => [])
  }
}
