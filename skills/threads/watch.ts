import type { SkillContext } from '../gateway/outside-part.ts'
import type { WorkerRelay } from '../gateway/relay.ts'
import { numberOf } from '../handles/reading.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { FollowedThread, type Stuck, type Usual } from './follow.ts'
import { type Leak, LeakWatch } from './leak-watch.ts'
import { type Alive, Newcomers } from './newcomers.ts'
import { Board, type ThreadReading } from './readings.ts'
import { leakRow, stuckRow } from './rows.ts'

/** How long a thread that hung is remembered. */
const KEEP_MS = 300_000
const MAX_STUCK = 50
const MAX_ENTRIES = 200
const MINUTE_MS = 60_000
/** A crash is told when no others follow: a loop of them is told by the skill `handles`. */
const CRASH_AFTER_MS = 6000

/** All that is known of the application's own threads. Runs beside main. */
export class ThreadWatch {
  readonly leaks: LeakWatch
  readonly #context: SkillContext
  readonly #relay: WorkerRelay
  readonly #board: Board | undefined
  readonly #newcomers: Newcomers
  readonly #threads = new Map<number, FollowedThread>()
  readonly #usual = new Map<string, Usual>()
  readonly #stuck = new Map<
    string,
    { readonly stuck: Stuck; readonly at: number; readonly key: string }
  >()
  readonly #raised = new RaiseOnce()
  #alive: readonly Alive[] = []
  #crashes: { readonly at: number; readonly total: number }[] = []
  #toldCrashes = 0
  started = 0

  constructor(context: SkillContext) {
    this.#context = context
    this.#relay = context.relay
    const { buffer } = context.reader.words
    this.#board = buffer instanceof SharedArrayBuffer ? new Board(buffer) : undefined
    this.#newcomers = new Newcomers(this.#relay)
    this.leaks = new LeakWatch(context, this.#relay)
  }

  hear(reading: Json, now: number): void {
    if (!isRecord(reading)) return
    const total = numberOf(reading['crashed'])
    this.started = numberOf(reading['started'])
    this.#alive = aliveOf(reading['alive'])
    if (this.#crashes.length === 0 || total !== this.#crashes.at(-1)?.total)
      this.#crashes = [...this.#crashes.slice(-100), { at: now, total }]
    if (this.#context.isUp()) this.#raiseCrash(now)
  }

  tick(now: number): void {
    const readings = this.#board?.read() ?? []
    const known = new Set(readings.map(({ threadId }) => threadId))
    for (const [threadId, thread] of this.#threads) {
      if (known.has(threadId)) continue
      thread.end()
      this.#threads.delete(threadId)
    }
    for (const reading of readings) this.#follow(reading, now)
    if (this.#board?.isFull !== true) void this.#newcomers.bring(this.#alive, known, now)
    for (const [key, { at }] of this.#stuck) if (now - at > KEEP_MS) this.#stuck.delete(key)
    if (!this.#context.isUp()) return
    void this.leaks.tick(readings, now)?.then((leak) => this.#raiseLeak(leak, now))
  }

  stop(): void {
    for (const thread of this.#threads.values()) thread.end()
    this.#threads.clear()
  }

  threads(): FollowedThread[] {
    return [...this.#threads.values()]
  }

  /** Workers that main started and that tell nothing of themselves. */
  get unseen(): number {
    return this.#alive.filter(({ threadId }) => !this.#threads.has(threadId)).length
  }

  /** Threads that hang, or hung in the last five minutes: by place, the longest first. */
  stuck(): (readonly [Stuck, ...Stuck[]])[] {
    const groups = new Map<string, [Stuck, ...Stuck[]]>()
    const all = [...this.#stuck.values()]
    for (const { stuck, key } of all.toSorted(
      (left, right) => right.stuck.durationMs - left.stuck.durationMs,
    )) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [stuck])
      else group.push(stuck)
    }
    return [...groups.values()]
  }

  /** Workers that died of an error in the last minute. */
  crashesLately(now: number): number {
    const last = this.#crashes.at(-1)?.total ?? 0
    const before = this.#crashes.findLast(({ at }) => at <= now - MINUTE_MS) ?? this.#crashes[0]
    return last - (before?.total ?? last)
  }

  #follow(reading: ThreadReading, now: number): void {
    const { threadId, entry, startedAt } = reading
    let thread = this.#threads.get(threadId)
    if (thread === undefined) {
      if (this.#usual.size > MAX_ENTRIES) this.#usual.clear()
      const usual = this.#usual.get(entry) ?? { longestMs: 0, workedMs: 0, since: startedAt }
      this.#usual.set(entry, usual)
      thread = new FollowedThread(reading, usual)
      this.#threads.set(threadId, thread)
    }
    const stuck = thread.tick(reading, this.#context, this.#relay)
    const place = stuck?.culprit.location
    if (stuck === undefined || place === undefined) return
    const key = `${place.file} ${place.function}`
    if (this.#stuck.size < MAX_STUCK || this.#stuck.has(`${threadId} ${key}`))
      this.#stuck.set(`${threadId} ${key}`, { stuck, at: now, key })
    this.#raise(`stuck ${key}`, stuckRow([stuck], this.#context), now)
  }

  #raiseLeak(leak: Leak | undefined, now: number): void {
    if (leak === undefined) return
    this.#raise(`leak ${leak.reading.entry}`, leakRow(leak, this.#context), now)
  }

  /** The first reading is from before anybody watched. */
  #raiseCrash(now: number): void {
    const last = this.#crashes.at(-1)
    if (last === undefined || last.total <= this.#toldCrashes) return
    if (this.#crashes.length === 1) this.#toldCrashes = last.total
    if (now - last.at < CRASH_AFTER_MS || this.#crashes.length === 1) return
    const fresh = last.total - this.#toldCrashes
    this.#toldCrashes = last.total
    if (fresh >= 4 || this.leaks.hasRecent(now)) return
    const reason = `${fresh === 1 ? 'A worker thread' : `${fresh} worker threads`} of the application crashed with an error that nobody in it handles.`
    this.#context.raise({ skill: 'threads', key: 'crash', severity: 'warning', reason })
  }

  #raise(key: string, row: JsonRecord, now: number): void {
    if (row['reportable'] !== true || !this.#raised.take(key, now)) return
    const severity = row['severity'] === 'critical' ? 'critical' : 'warning'
    const reason = `${textOf(row['observation'])}.`
    this.#context.raise({ skill: 'threads', key, severity, reason })
  }
}

function aliveOf(value: unknown): Alive[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown): Alive[] => {
    if (!Array.isArray(entry)) return []
    const [threadId, startedAt]: unknown[] = entry
    return typeof threadId === 'number' && typeof startedAt === 'number'
      ? [{ threadId, startedAt }]
      : []
  })
}
