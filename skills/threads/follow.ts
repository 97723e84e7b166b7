import type { SkillContext } from '../gateway/outside-part.ts'
import type { WorkerRelay } from '../gateway/relay.ts'
import { epochMs } from '../probe/clock.ts'
import { analyseStall } from '../vm-events/analyse.ts'
import type { Culprit } from '../vm-events/stall.ts'
import { readSchedule, type Schedule, type ThreadReading } from './readings.ts'
import { ThreadLook } from './thread-look.ts'
import { isComputing, judgeStuck } from './verdicts.ts'

/** A thread at one moment. */
interface Mark {
  readonly at: number
  readonly schedule: Schedule | undefined
  readonly loopActiveMs: number
  readonly loopIdleMs: number
  readonly gcTotalMs: number
  readonly waitedMs: number
}

/** What threads of one entry were seen to do. */
export interface Usual {
  /** The longest stretch of work without a turn of the loop. */
  longestMs: number
  /** CPU time outside of stretches that were found to be stuck. */
  workedMs: number
  /** Since when one of them is known. */
  readonly since: number
}

/** A thread that does not come back. */
export interface Stuck {
  readonly threadId: number
  readonly entry: string
  readonly name: string
  readonly culprit: Culprit
  readonly since: number
  readonly durationMs: number
  readonly usualMs: number
  readonly cpuSharePct: number | undefined
  readonly severity: 'warning' | 'critical'
}

const MARKS = 12
/** A busy thread is looked at from then on. */
const LOOK_FROM_MS = 1500
/** Its loading of modules is no work. */
const START_MS = 2000
const KNOWN_FROM_MS = 10_000
const KNOWN_WORK_MS = 100

/** Follows one thread of the application from second to second. */
export class FollowedThread {
  reading: ThreadReading
  name = ''
  readonly #marks: Mark[] = []
  readonly #usual: Usual
  #busySince: number | undefined
  #look: ThreadLook | undefined
  #isJudged = false

  constructor(reading: ThreadReading, usual: Usual) {
    this.reading = reading
    this.#usual = usual
  }

  /** Called once a second. Returns what is wrong with it now. */
  tick(reading: ThreadReading, context: SkillContext, relay: WorkerRelay): Stuck | undefined {
    const now = epochMs()
    this.reading = reading
    const before = this.#marks.at(-1)
    const mark = markOf(reading, now)
    this.#marks.push(mark)
    if (this.#marks.length > MARKS) this.#marks.shift()
    const spent = spentBetween(before, mark)
    const isBusy = before !== undefined && isComputing(spent, mark.at - before.at)
    const isLate =
      !reading.isWaiting && now - reading.beatAt > Math.max(1000, reading.heartbeatMs * 3)
    if (!isLate || !isBusy) {
      this.#endStretch(now)
      if (now - reading.startedAt > START_MS) this.#usual.workedMs += spent?.runMs ?? 0
      return undefined
    }
    this.#busySince ??= Math.max(reading.beatAt, before.at - 1000)
    const busyMs = now - this.#busySince
    if (busyMs < Math.max(LOOK_FROM_MS, this.#usual.longestMs * 1.2)) return undefined
    this.#look ??= new ThreadLook(relay, context.ownFolders, reading.threadId, this.#busySince)
    return this.#judge(this.#look, context, now)
  }

  end(): void {
    this.#endStretch(epochMs())
  }

  /** Milliseconds since the heartbeat should have come; 0 while it waits for a task. */
  get lateMs(): number {
    const { isWaiting, beatAt, heartbeatMs } = this.reading
    return isWaiting ? 0 : Math.max(0, epochMs() - beatAt - heartbeatMs)
  }

  /** Over the last seconds; undefined: not known. */
  shares(): { cpuPct: number | undefined; loopPct: number | undefined; gcPct: number } {
    const [first] = this.#marks
    const last = this.#marks.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at)
      return { cpuPct: undefined, loopPct: undefined, gcPct: 0 }
    const overMs = last.at - first.at
    const runMs = spentBetween(first, last)?.runMs
    const loop = last.loopActiveMs + last.loopIdleMs - first.loopActiveMs - first.loopIdleMs
    const active = last.loopActiveMs - first.loopActiveMs - (last.waitedMs - first.waitedMs)
    return {
      cpuPct: runMs === undefined ? undefined : pct(runMs, overMs),
      loopPct: loop <= 0 ? undefined : pct(active, loop),
      gcPct: pct(last.gcTotalMs - first.gcTotalMs, overMs),
    }
  }

  #endStretch(now: number): void {
    if (this.#busySince !== undefined && !this.#isJudged) {
      const stretchMs = now - (this.#look?.since ?? this.#busySince)
      this.#usual.longestMs = Math.max(this.#usual.longestMs, stretchMs)
    }
    this.#busySince = undefined
    this.#isJudged = false
    this.#look?.end()
    this.#look = undefined
  }

  #judge(look: ThreadLook, context: SkillContext, now: number): Stuck | undefined {
    const { threadId, entry, gcTotalMs } = this.reading
    if (look.name !== '') this.name = look.name
    const last = this.#marks.at(-1)
    const first = this.#marks.find(({ at }) => at >= look.since) ?? last
    const runMs = spentBetween(first, last)?.runMs
    const durationMs = now - look.since
    const overMs = (last?.at ?? 0) - (first?.at ?? 0)
    const culprit = analyseStall(
      {
        id: `thread-${threadId}`,
        startedAt: look.since,
        durationMs,
        ongoing: true,
        samples: look.samples,
        waitMs: 0,
        frozenMs: 0,
        // Collections of a thread that is stuck are told only later: a rise seen in time counts.
        gcMs: gcTotalMs - (first?.gcTotalMs ?? gcTotalMs),
      },
      context.files,
    )
    const { longestMs: usualMs } = this.#usual
    const isKnown = this.#isKnown(now)
    const { kind, sharePct } = culprit
    const looks = culprit.samples
    const severity = judgeStuck({ kind, durationMs, usualMs, isKnown, looks, sharePct })
    if (severity === undefined || culprit.location === undefined) return undefined
    this.#isJudged = true
    const cpuSharePct = runMs === undefined || overMs <= 0 ? undefined : pct(runMs, overMs)
    const { name } = this
    const { since } = look
    return { threadId, entry, name, culprit, since, durationMs, usualMs, cpuSharePct, severity }
  }

  #isKnown(now: number): boolean {
    return now - this.#usual.since > KNOWN_FROM_MS && this.#usual.workedMs > KNOWN_WORK_MS
  }
}

function markOf(reading: ThreadReading, at: number): Mark {
  const { loopActiveMs, loopIdleMs, gcTotalMs, waitedMs } = reading
  const schedule = readSchedule(reading.kernelId)
  return { at, schedule, loopActiveMs, loopIdleMs, gcTotalMs, waitedMs }
}

function spentBetween(first: Mark | undefined, last: Mark | undefined): Schedule | undefined {
  const [before, after] = [first?.schedule, last?.schedule]
  if (before === undefined || after === undefined) return undefined
  return { runMs: after.runMs - before.runMs, waitMs: after.waitMs - before.waitMs }
}

function pct(part: number, whole: number): number {
  return Math.min(100, Math.max(0, Math.round((100 * part) / whole)))
}
