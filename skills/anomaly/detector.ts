import { WIDENED } from './bars.ts'
import { type Deviation, deviationsOf } from './deviation.ts'
import type { Metric } from './metric-source.ts'
import { type AnomalyOptions, MOST_METRICS } from './options.ts'
import { Rates } from './rates.ts'
import { MetricTrack, type SavedTrack, type Surroundings } from './track.ts'
import { traitsOf } from './traits.ts'
import { type GateAnswer, TriggerGate } from './trigger-gate.ts'

/** A process that was started lately is given more room, less and less. */
const START_WIDENS_MS = 30 * 60_000
/** So is a new version of the application. */
const DEPLOY_WIDENS_MS = 2 * 3_600_000
/** Days before a new version are not compared with for so long. */
const DEPLOY_FORGETS_DAYS_MS = 24 * 3_600_000
/** A metric without readings for so long makes room when there is none. */
const FORGET_MS = 3_600_000

/** What a reading of all metrics comes to. */
export type Outcome =
  | { readonly type: 'quiet' }
  | {
      readonly type: 'trigger'
      readonly leader: Deviation
      readonly together: readonly Deviation[]
    }
  /** There was reason for one, and it may not be given now. */
  | { readonly type: 'held'; readonly why: Exclude<GateAnswer, 'open'>; readonly leader: Deviation }

/** What is kept of a run of the application for the next one. */
export interface SavedDetector {
  readonly savedAt: number
  /** Of the application's files; another one means a new version. */
  readonly fingerprint: string
  readonly deployedAt: number
  readonly tracks: readonly SavedTrack[]
  /** Ids of gauges that turned out to be counters. */
  readonly counters: readonly string[]
}

export interface DetectorStart {
  /** Start of the application's process, epoch milliseconds. */
  readonly startedAt: number
  readonly fingerprint: string
  readonly saved?: SavedDetector | undefined
  /** A metric that is not learned because there are too many; told once for each. */
  readonly onFull?: (id: string) => void
}

export type DetectorState = 'no-metrics' | 'warming-up' | 'learning' | 'armed'

/** Learns all metrics and notices what is not as usual. Time comes from outside. */
export class Detector {
  readonly gate: TriggerGate
  readonly deployedAt: number
  readonly #options: AnomalyOptions
  readonly #start: DetectorStart
  readonly #tracks = new Map<string, MetricTrack>()
  readonly #metrics = new Map<string, Metric>()
  readonly #ignored = new Set<string>()
  readonly #refused = new Set<string>()
  readonly #rates = new Rates((id) => this.#tracks.delete(id))
  readonly #saved: Map<string, SavedTrack>
  readonly #isNewVersion: boolean

  constructor(options: AnomalyOptions, start: DetectorStart) {
    this.#options = options
    this.#start = start
    this.gate = new TriggerGate(options.cooldownMs, options.maxTriggersPerHour)
    const { saved, fingerprint, startedAt } = start
    this.#saved = new Map((saved?.tracks ?? []).map((track) => [track.id, track]))
    this.#isNewVersion = saved !== undefined && saved.fingerprint !== fingerprint
    this.deployedAt = this.#isNewVersion ? startedAt : (saved?.deployedAt ?? 0)
  }

  get startedAt(): number {
    return this.#start.startedAt
  }

  /** Takes in one reading of all metrics. */
  take(now: number, readings: ReadonlyMap<string, number>, metrics: readonly Metric[]): Outcome {
    for (const metric of metrics) if (!this.#metrics.has(metric.id)) this.#meet(metric)
    if (this.isWarmingUp(now)) return { type: 'quiet' }
    const work: [MetricTrack, number][] = []
    const rest: [MetricTrack, number][] = []
    for (const [id, reading] of readings) {
      const metric = this.#metrics.get(id)
      if (metric === undefined || !Number.isFinite(reading)) continue
      const value = this.#rates.take(metric, reading, now)
      const track = value === undefined ? undefined : this.#trackOf(metric, now)
      if (track === undefined || value === undefined) continue
      ;(track.traits.role === 'work' ? work : rest).push([track, value])
    }
    const around = this.#surroundings(now)
    for (const [track, value] of work) track.take(now, value, around)
    const shifted = { ...around, ...loadShifts(work.map(([track]) => track)) }
    for (const [track, value] of rest) track.take(now, value, shifted)
    return this.#conclude(now)
  }

  isWarmingUp(now: number): boolean {
    return now - this.#start.startedAt < this.#options.warmUpMs
  }

  state(now: number): DetectorState {
    if (this.isWarmingUp(now)) return 'warming-up'
    if (this.#tracks.size === 0) return 'no-metrics'
    return this.tracks().some(({ isLearned }) => isLearned) ? 'armed' : 'learning'
  }

  tracks(): MetricTrack[] {
    return [...this.#tracks.values()]
  }

  track(id: string): MetricTrack | undefined {
    return this.#tracks.get(id)
  }

  metric(id: string): Metric | undefined {
    return this.#metrics.get(id)
  }

  /** Metrics that are not learned because there are too many. */
  get refused(): number {
    return this.#refused.size
  }

  /** What is not as usual, the most evidence first. */
  deviations(): Deviation[] {
    return this.tracks()
      .flatMap(deviationsOf)
      .sort((left, right) => right.score - left.score)
  }

  save(now: number): SavedDetector {
    const known = this.tracks().map((track) => track.save(now))
    const ids = new Set(known.map(({ id }) => id))
    const unseen = [...this.#saved.values()].filter(({ id }) => !ids.has(id))
    const counters = known.map(({ id }) => id).filter((id) => this.#rates.isCounter(id))
    return {
      savedAt: now,
      fingerprint: this.#start.fingerprint,
      deployedAt: this.deployedAt,
      tracks: [...known, ...unseen].slice(0, MOST_METRICS),
      counters,
    }
  }

  #meet(metric: Metric): void {
    if (this.#metrics.size >= MOST_METRICS * 4) return
    const wasCounter = this.#start.saved?.counters.includes(metric.id) ?? false
    this.#metrics.set(metric.id, wasCounter ? { ...metric, kind: 'counter' } : metric)
  }

  #trackOf({ id, name, skill }: Metric, now: number): MetricTrack | undefined {
    const known = this.#tracks.get(id)
    if (known !== undefined || this.#ignored.has(id)) return known
    const traits = traitsOf(name, skill)
    if (traits === undefined) {
      this.#ignored.add(id)
      return undefined
    }
    if (this.#tracks.size >= MOST_METRICS && !this.#makeRoom(now)) return this.#refuse(id)
    const saved = this.#saved.get(id)
    const track = new MetricTrack(id, traits, this.#options, now, saved)
    if (saved !== undefined && this.#isNewVersion) track.relearn(now)
    this.#saved.delete(id)
    this.#tracks.set(id, track)
    return track
  }

  #makeRoom(now: number): boolean {
    const silent = this.tracks().find(({ lastAt }) => now - lastAt > FORGET_MS)
    if (silent === undefined) return false
    this.#rates.forget(silent.id)
    return this.#tracks.delete(silent.id)
  }

  #refuse(id: string): undefined {
    if (this.#refused.has(id) || this.#refused.size >= MOST_METRICS) return
    this.#refused.add(id)
    this.#start.onFull?.(id)
  }

  #surroundings(now: number): Surroundings {
    const since = (at: number, forMs: number): number =>
      Math.max(0, WIDENED * (1 - (now - at) / forMs))
    return {
      loadShift: 0,
      seasonLoadShift: 0,
      widening: Math.max(
        since(this.#start.startedAt, START_WIDENS_MS),
        since(this.deployedAt, DEPLOY_WIDENS_MS),
      ),
      isSlowFair: now - this.deployedAt > DEPLOY_FORGETS_DAYS_MS,
    }
  }

  #conclude(now: number): Outcome {
    const deviations = this.tracks()
      .filter(({ hasEvidence }) => hasEvidence)
      .flatMap(deviationsOf)
    const news = deviations.filter(({ isAlarming, isTold }) => isAlarming && !isTold)
    const [leader] = news.sort((left, right) => rankOf(right) - rankOf(left))
    if (leader === undefined) return { type: 'quiet' }
    const answer = this.gate.ask(now)
    if (answer !== 'open') return { type: 'held', why: answer, leader }
    this.gate.give(now)
    const together = deviations
      .filter((one) => one.id !== leader.id && one.excuse !== 'seen-before')
      .sort((left, right) => left.since - right.since)
    for (const { id, direction } of [leader, ...together]) {
      const side = this.#tracks.get(id)?.sides[direction]
      if (side !== undefined) side.told = true
    }
    return { type: 'trigger', leader, together }
  }
}

/** What hurts leads; then the strongest. */
function rankOf({ role, score }: Deviation): number {
  return (role === 'pain' ? 1e9 : 0) + score
}

/**
 * How far the work is above the usual. Requests that come in are the measure where they are known: calls to
 * others may themselves be the fault.
 */
function loadShifts(
  work: readonly MetricTrack[],
): Pick<Surroundings, 'loadShift' | 'seasonLoadShift'> {
  const inbound = work.filter(({ id }) => /(^|_)(in|requests|inbound)[A-Z_]/.test(id))
  const measure = inbound.length > 0 ? inbound : work
  return {
    loadShift: Math.max(0, ...measure.map(({ shift }) => shift)),
    seasonLoadShift: Math.max(0, ...measure.map(({ seasonShift }) => seasonShift)),
  }
}
