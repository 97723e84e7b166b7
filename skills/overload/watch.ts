import { numberOf, recordsOf } from '../handles/reading.ts'
import type { HistoryReader } from '../history/history.ts'
import { isRecord, type Json } from '../json.ts'
import { judgeLoad, type Load, type Overload } from './state.ts'
import { isRising, type Trend, trendOf } from './trend.ts'

/** What growth is judged on, and what is compared with it. */
const WINDOW_MS = 24_000
const NOW_MS = 8000
const BEFORE_MS = 240_000
const MB = 1_048_576
/** Three rises in a row, two seconds each: no single large message to a slow peer does that. */
const SOCKETS_RISE = { least: 12, factor: 1.5, rises: 3 }
/** A mailbox that was last told of so long ago is no trouble of now. */
const MAILBOX_MS = 30_000

/** A mailbox over its mark. */
export interface FullMailbox {
  readonly pid: string
  readonly name: string
  readonly mailbox: number
  readonly highWater: number
  readonly policy: string
  readonly hits: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Reads the numbers that other skills keep, and its own two, and judges them. */
export class OverloadWatch {
  readonly #history: HistoryReader
  #sockets = { waiting: 0, bytes: 0, worst: null as string | null }
  #mailboxes: readonly FullMailbox[] = []

  constructor(history: HistoryReader) {
    this.#history = history
  }

  hear(value: Json): void {
    if (!isRecord(value)) return
    const sockets = isRecord(value['sockets']) ? value['sockets'] : {}
    const worst = sockets['worst']
    this.#sockets = {
      waiting: numberOf(sockets['waiting']),
      bytes: numberOf(sockets['bytes']),
      worst: typeof worst === 'string' ? worst : null,
    }
    this.#mailboxes = recordsOf(value['mailboxes']).map(mailboxOf)
  }

  get sockets(): { readonly waiting: number; readonly mb: number; readonly worst: string | null } {
    const { waiting, bytes, worst } = this.#sockets
    return { waiting, mb: bytes / MB, worst }
  }

  /** What sockets hold back rose with each of the last readings: long before a trend is certain. */
  socketsRise(now: number): boolean {
    const points = this.#history.points('overload_socketsWaitingMb', now - WINDOW_MS, now)
    return isRising(points, SOCKETS_RISE)
  }

  /** Those that were told of in the last half minute, the fullest first. */
  mailboxes(now: number): FullMailbox[] {
    return this.#mailboxes
      .filter(({ lastAt }) => now - lastAt < MAILBOX_MS)
      .toSorted((left, right) => right.mailbox - left.mailbox)
  }

  load(now: number): Load {
    const trend = (id: string): Trend | undefined => this.trend(id, now)
    return {
      waiting: trend('http_inWaiting'),
      waitingNow: this.#history.last('http_inWaiting')?.value ?? 0,
      inPerSecond: this.#mean('http_inPerSecond', now - NOW_MS, now),
      inPerSecondBefore: this.before('http_inPerSecond', now),
      loopPct: this.#mean('vm_loopUtilizationPct', now - NOW_MS, now),
      loopPctBefore: this.before('vm_loopUtilizationPct', now),
      upstream: trend('http_outOpen'),
      poolRequests: trend('handles_requestsPending'),
      databaseWaiting: this.#history.last('postgres_waiting')?.value ?? 0,
      responseMb: trend('http_waitingMb'),
      socketMb: trend('overload_socketsWaitingMb'),
    }
  }

  judge(now: number): Overload {
    return judgeLoad(this.load(now))
  }

  /** Over the last 24 s, of any metric of any skill. */
  trend(id: string, now: number): Trend | undefined {
    return trendOf(this.#history.points(id, now - WINDOW_MS, now))
  }

  /** The median of the minutes before the window; undefined while there were fewer than six seconds of it. */
  before(id: string, now: number): number | undefined {
    const summary = this.#history.query(id, now - BEFORE_MS, now - WINDOW_MS)
    if (summary === undefined || summary.to - summary.from < 6000) return undefined
    return summary.p50
  }

  #mean(id: string, from: number, to: number): number | undefined {
    return this.#history.query(id, from, to)?.mean
  }
}

function mailboxOf(row: Record<string, unknown>): FullMailbox {
  const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '')
  return {
    pid: text('pid'),
    name: text('name'),
    policy: text('policy'),
    mailbox: numberOf(row['mailbox']),
    highWater: numberOf(row['highWater']),
    hits: numberOf(row['hits']),
    firstAt: numberOf(row['firstAt']),
    lastAt: numberOf(row['lastAt']),
  }
}
