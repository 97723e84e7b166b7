import type { Symptom } from '../gateway/signal.ts'
import type { Json } from '../json.ts'
import { History, type Interval, LEARN_MS } from './history.ts'
import { isReading, type PostgresReading } from './reading.ts'
import { rootsOf, type Trouble } from './trouble.ts'
import { isSuspect, judge } from './verdicts.ts'

/** Readings that come sooner after the last are too short to judge. */
const LEAST_SPAN_MS = 700
/** A trouble that was not seen again for so long is over. */
const REMEMBER_MS = 20_000
const COOL_DOWN_MS = 300_000
const NEW_NORMAL_MS = 900_000
/** Learning lags by so many intervals. */
const SETTLE_INTERVALS = 3

export interface WatchContext {
  readonly isUp: () => boolean
  /** Mean lateness of main's heartbeat over the last two seconds, milliseconds. */
  readonly loopLateMs: () => number
  /** Asks main for a reading. */
  readonly read: () => Promise<Json>
  readonly raise: (symptom: Symptom) => void
}

interface Seen {
  readonly trouble: Trouble
  readonly at: number
}

/** Follows the readings; asks for them every second while something looks odd. */
export class PostgresWatch {
  readonly history = new History()
  readonly #context: WatchContext
  readonly #seen = new Map<string, Seen>()
  readonly #raisedAt = new Map<string, number>()
  #unlearnt: readonly Interval[] = []
  #isClose = false
  #isAsking = false
  #heardAt = 0
  #troubledAt: number | undefined

  constructor(context: WatchContext) {
    this.#context = context
  }

  get last(): PostgresReading | undefined {
    return this.history.last
  }

  /** Troubles seen lately, and since when; worst first is the caller's work. */
  troubles(now: number): Trouble[] {
    for (const [key, { at }] of this.#seen) if (now - at > REMEMBER_MS) this.#seen.delete(key)
    return [...this.#seen.values()].map(({ trouble }) => trouble)
  }

  hear(reading: unknown, now: number): void {
    if (!isReading(reading) || !reading.isLoaded) return
    const last = this.history.last
    if (last !== undefined && reading.at >= last.at && reading.at - last.at < LEAST_SPAN_MS) return
    this.#heardAt = now
    const interval = this.history.add(reading, this.#context.loopLateMs())
    if (interval === undefined || !this.#context.isUp()) return
    const normal = this.history.normal()
    const found = judge(this.history.intervals, normal)
    this.#isClose = normal.learntMs < LEARN_MS || isSuspect(interval)
    this.#learn(interval, this.#isTroubled(found.length > 0, now), normal.learntMs < LEARN_MS)
    for (const trouble of found) this.#seen.set(trouble.key, { trouble, at: now })
    for (const trouble of rootsOf(this.troubles(now))) this.#raise(trouble, now)
  }

  tick(now: number): void {
    if (!this.#isClose || this.#isAsking || now - this.#heardAt < LEAST_SPAN_MS + 200) return
    this.#isAsking = true
    const ask = async (): Promise<void> => {
      try {
        this.hear(await this.#context.read(), Date.now())
      } catch {
        // Main is busy or gone; the patrol goes on.
      } finally {
        this.#isAsking = false
      }
    }
    void ask()
  }

  /** What turns out to be the beginning of trouble is not learnt; so learning lags behind. */
  #learn(interval: Interval, isTrouble: boolean, isEarly: boolean): void {
    if (isTrouble) {
      this.#unlearnt = []
      return
    }
    this.#unlearnt = [...this.#unlearnt, interval]
    while (this.#unlearnt.length > (isEarly ? 0 : SETTLE_INTERVALS)) {
      const [oldest, ...rest] = this.#unlearnt
      if (oldest !== undefined) this.history.learn(oldest)
      this.#unlearnt = rest
    }
  }

  /** What lasts for a quarter of an hour is the new normal. */
  #isTroubled(isFound: boolean, now: number): boolean {
    if (!isFound && this.troubles(now).length === 0) this.#troubledAt = undefined
    else this.#troubledAt ??= now
    return this.#troubledAt !== undefined && now - this.#troubledAt < NEW_NORMAL_MS
  }

  #raise(trouble: Trouble, now: number): void {
    if (trouble.severity === 'info') return
    if (now - (this.#raisedAt.get(trouble.key) ?? Number.NEGATIVE_INFINITY) < COOL_DOWN_MS) return
    this.#raisedAt.set(trouble.key, now)
    if (this.#raisedAt.size > 200) this.#raisedAt.clear()
    const { key, severity } = trouble
    this.#context.raise({ skill: 'postgres', key, severity, reason: reasonOf(trouble) })
  }
}

function reasonOf(trouble: Trouble): string {
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`
  switch (trouble.kind) {
    case 'leak':
      return `${trouble.holder.restingCount} of ${trouble.pool.max} connections of a PostgreSQL pool are checked out and not released, the oldest for ${seconds(trouble.overMs)}.`
    case 'pool':
      return `${trouble.pool.waiting} callers wait for a connection of a PostgreSQL pool of ${trouble.pool.max}, the longest for ${seconds(trouble.pool.oldestWaitMs)}.`
    case 'open':
      return `${trouble.count} times in ${seconds(trouble.overMs)} a connection went back to a PostgreSQL pool inside a transaction.`
    case 'slow':
      return `One PostgreSQL query takes ${Math.round(trouble.meanMs)} ms on average and ${Math.round(trouble.share * 100)} % of the time in the database.`
    case 'stuck':
      return `${trouble.statement.active} executions of a PostgreSQL query do not end, the oldest for ${seconds(trouble.overMs)}.`
    case 'run':
      return `One PostgreSQL query is repeated ${Math.round(trouble.length)} times per request, ${Math.round(trouble.runMs)} ms each time.`
    case 'loose':
      return `${trouble.open} PostgreSQL connections opened at one place are not ended, ${trouble.fromOpen} of them ${seconds(trouble.overMs)} ago.`
    case 'errors':
      return `${trouble.errors} of ${trouble.calls} ${trouble.statement === 0 ? 'attempts to connect to PostgreSQL' : 'executions of a PostgreSQL query'} failed in ${seconds(trouble.overMs)}.`
  }
}
