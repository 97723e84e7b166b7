import type { SkillContext } from '../gateway/outside-part.ts'
import { readMainThread } from '../gateway/thread-state.ts'
import { BaselineFile, type BaselineProblem } from './baseline-file.ts'
import { storedBaselines } from './baseline-store.ts'
import { Detector, type DetectorState, type Outcome } from './detector.ts'
import { fingerprintOf } from './fingerprint.ts'
import { HistoryMetrics } from './history-metrics.ts'
import { type AnomalyOptions, MOST_METRICS } from './options.ts'
import { type AnomalySettings, anomalyOptionsOf, stateFolderOf } from './settings.ts'
import { type CpuTimes, isStarved, StarvationBook } from './starvation.ts'
import { statementOf } from './statement.ts'

/** What was learned is written so often, and when the gateway stops. */
const SAVE_MS = 300_000
const HOUR_MS = 3_600_000
/** What another skill raised within this time before a change began is taken to be of the same event. */
const SAME_EVENT_MS = 60_000

/** Reads the history once an interval, learns, raises, and keeps what was learned in a file. */
export class AnomalyWatch {
  readonly detector: Detector
  readonly #context: SkillContext
  readonly #options: AnomalyOptions
  readonly #metrics: HistoryMetrics
  readonly #file: Pick<BaselineFile, 'load' | 'save'> | undefined
  #readAt = 0
  readonly #starvation = new StarvationBook()
  #cpu: CpuTimes | undefined
  #starvedAt: number[] = []
  #savedAt: number
  #state: DetectorState
  #held: { readonly at: number; readonly key: string }[] = []

  constructor(context: SkillContext) {
    const { anomaly, history, skills, root } = context
    this.#context = context
    this.#options = anomalyOptionsOf(anomaly)
    this.#metrics = new HistoryMetrics(history, skills)
    const application = anomaly.application ?? root
    this.#file = this.#kept(anomaly, application)
    const now = Date.now()
    this.#savedAt = now
    this.detector = new Detector(this.#options, {
      startedAt: now - process.uptime() * 1000,
      fingerprint: fingerprintOf(application),
      saved: this.#file?.load(),
      onFull: (id) =>
        this.#degraded('full', id, `${MOST_METRICS} metrics are learned, this one is not`),
    })
    this.#state = this.detector.state(now)
  }

  /** Once a second. */
  tick(now: number): void {
    const wallMs = now - this.#readAt
    if (wallMs < this.#options.intervalMs) return
    this.#readAt = now
    const values = this.#metrics.read(now)
    if (this.#isLeftOut(wallMs, now) || !this.#context.isUp()) return
    const outcome = this.detector.take(now, values, this.#metrics.list())
    if (outcome.type !== 'quiet') this.#hear(outcome, now)
    this.#tellState(now)
    if (now - this.#savedAt >= SAVE_MS) this.#save(now)
  }

  stop(): void {
    this.#save(Date.now())
  }

  heldInLastHour(now: number): number {
    return this.#held.filter(({ at }) => now - at < HOUR_MS).length
  }

  /** Readings that were left out because the machine gave main no CPU. */
  starvedInLastHour(now: number): number {
    return this.#starvedAt.filter((at) => now - at < HOUR_MS).length
  }

  #kept(
    anomaly: AnomalySettings,
    application: string,
  ): Pick<BaselineFile, 'load' | 'save'> | undefined {
    const folder = stateFolderOf(anomaly)
    if (folder === false) return undefined
    const owner = { application, intervalMs: this.#options.intervalMs }
    const onProblem = ({ why, message }: BaselineProblem): void =>
      this.#degraded(why, application, message)
    return folder === undefined && anomaly.store !== undefined
      ? storedBaselines(anomaly.store, owner, onProblem)
      : new BaselineFile(folder, owner, onProblem)
  }

  #tellState(now: number): void {
    const from = this.#state
    const to = this.detector.state(now)
    this.#state = to
    if (from === to) return
    this.#context.report({ type: 'skill-state-changed', skill: 'anomaly', from, to })
  }

  #isLeftOut(wallMs: number, now: number): boolean {
    const before = this.#cpu
    const after = readMainThread()
    this.#cpu = after
    if (before === undefined || after === undefined) return false
    const isLeftOut = this.#starvation.take(
      isStarved(before, after, wallMs, this.#options.starvedPct),
    )
    if (isLeftOut) this.#starvedAt = [...this.#starvedAt.filter((at) => now - at < HOUR_MS), now]
    return isLeftOut
  }

  #hear(outcome: Exclude<Outcome, { type: 'quiet' }>, now: number): void {
    const { leader } = outcome
    const key = `${leader.id} ${leader.direction}`
    if (outcome.type === 'held') return this.#hold(key, outcome.why, now)
    const since = leader.since - SAME_EVENT_MS
    if (this.#context.isRaisedByOthers(since, 'anomaly'))
      return this.#hold(key, 'raised-by-others', now)
    const metricOf = this.detector.metric.bind(this.detector)
    this.#context.raise({
      skill: 'anomaly',
      key,
      severity: 'warning',
      reason: statementOf(leader, outcome.together, metricOf, now),
    })
  }

  /** Told once for each metric in an hour. */
  #hold(key: string, why: 'cooldown' | 'hourly-bound' | 'raised-by-others', now: number): void {
    this.#held = this.#held.filter(({ at }) => now - at < HOUR_MS)
    if (this.#held.some((one) => one.key === key)) return
    this.#held.push({ at: now, key })
    this.#context.report({ type: 'symptom-held', skill: 'anomaly', key, why })
  }

  /** Only what is worth it: a process that ends before it has learned leaves nothing. */
  #save(now: number): void {
    this.#savedAt = now
    if (this.detector.state(now) === 'armed') this.#file?.save(this.detector.save(now))
  }

  #degraded(why: string, what: string, message: string): void {
    this.#context.report({ type: 'skill-degraded', skill: 'anomaly', why, what, message })
  }
}
