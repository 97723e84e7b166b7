import { setTimeout as delay } from 'node:timers/promises'
import { type HeartbeatReader, percentile } from '../gateway/heartbeat-reader.ts'
import type { Inspector } from '../gateway/inspector.ts'
import { parseStackSample, STACK_EXPRESSION, type StackSample } from '../gateway/stack-sample.ts'
import { readMainThread, type ThreadState } from '../gateway/thread-state.ts'
import { epochMs } from '../probe/clock.ts'
import type { StallEvidence } from './stall.ts'

/** The window that is judged: 100 beats of 50 ms. */
const WINDOW_BEATS = 100
/**
 * A loop is choppy when a tenth of its timers come this late. A busy but healthy server of small
 * requests at 80 % CPU stays below 10 ms.
 */
const CHOPPY_P90_MS = 18
/** Looks are taken for this long, only at moments when a timer is overdue. */
const BURST_MS = 2500
const LOOK_EVERY_MS = 6
const MAX_LOOKS = 60
/** A beat that is so late is worth a look; one that is so late was held up by a block. */
const LOOK_FROM_MS = 4
const OVERDUE_MS = 8
const QUIET_AFTER_MS = 15_000
/**
 * Lateness is main's own doing when main had a CPU for half of the time in which it wanted one, and what is left of
 * the lateness by that share is still so much …
 */
const OWN_SHARE = 0.5
const OWN_P90_MS = 20
/** … or when so many blocks were seen to run, on a CPU and without an end, for so long between two looks. */
const LEAST_PROVEN = 5
const PROVEN_MS = 5

export interface ChopWatchOptions {
  readonly reader: HeartbeatReader
  readonly inspector: Pick<Inspector, 'evaluate'>
  readonly ownFolders: readonly string[]
  readonly onChop: (evidence: StallEvidence) => void
  /** Default: main, from /proc. */
  readonly readThread?: () => ThreadState | undefined
}

/**
 * Finds what blocks the loop often but shortly: 40 ms of hashing in each login never makes one
 * heartbeat late enough to be a stall, and yet halves the server.
 *
 * The lateness of the beats, which main writes down anyway, tells; then main is looked at for two and a half seconds,
 * at most every 6 ms and only while a beat is overdue.
 */
export class ChopWatch {
  readonly #options: ChopWatchOptions
  #readyAt = 0
  #isBusy = false
  #isStopped = false
  #serial = 0
  #settled: Promise<void> = Promise.resolve()

  constructor(options: ChopWatchOptions) {
    this.#options = options
  }

  /** Settles when no burst of looks is under way. */
  get settled(): Promise<void> {
    return this.#settled
  }

  /** Called once a second. */
  tick(isUp: boolean): void {
    const { reader } = this.#options
    const now = epochMs()
    if (this.#isBusy || !isUp || now < this.#readyAt) return
    const late = reader.recentLatenesses(WINDOW_BEATS)
    if (late.length < WINDOW_BEATS || p90(late) < CHOPPY_P90_MS) return
    this.#isBusy = true
    this.#settled = this.#burst(late)
      .catch(() => undefined)
      .finally(() => {
        this.#isBusy = false
        this.#readyAt = epochMs() + QUIET_AFTER_MS
      })
  }

  stop(): void {
    this.#isStopped = true
  }

  async #burst(before: readonly number[]): Promise<void> {
    const { reader, onChop } = this.#options
    const startedAt = epochMs()
    const readThread = this.#options.readThread ?? readMainThread
    const base = readThread()
    const beats = reader.beats
    const looks = await this.#look(startedAt + BURST_MS, readThread)
    const samples = looks.map(({ sample }) => ({ sample, weightMs: LOOK_EVERY_MS }))
    const late = [
      ...before,
      ...reader.recentLatenesses(Math.min(reader.beats - beats, WINDOW_BEATS)),
    ]
    const blocks = late.filter((ms) => ms >= OVERDUE_MS)
    const own = ownShareOf(base, readThread())
    if (this.#isStopped || samples.length < 8) return
    const isOwn = own >= OWN_SHARE && p90(late) * own >= OWN_P90_MS
    if (!isOwn && provenBlocks(looks) < LEAST_PROVEN) return
    const durationMs = blocks.reduce((total, ms) => total + ms, 0) * own
    this.#serial += 1
    onChop({
      id: `chop-${this.#serial}`,
      startedAt,
      durationMs,
      ongoing: false,
      samples,
      waitMs: 0,
      frozenMs: 0,
      gcMs: 0,
      blocks: { count: blocks.length, longestMs: Math.max(...blocks) },
    })
  }

  async #look(until: number, readThread: () => ThreadState | undefined): Promise<ChopLook[]> {
    const { reader, inspector, ownFolders } = this.#options
    const looks: ChopLook[] = []
    while (epochMs() < until && looks.length < MAX_LOOKS && !this.#isStopped) {
      await delay(LOOK_EVERY_MS, undefined, { ref: false })
      const isOverdue = epochMs() - reader.beatAt > reader.gauge('heartbeatMs') + LOOK_FROM_MS
      if (!isOverdue) continue
      const { beats } = reader
      const options = { timeoutMs: 2000, chargeMs: 0.3 }
      const sample = parseStackSample(
        await inspector.evaluate(STACK_EXPRESSION, options),
        ownFolders,
      )
      // A look that came after the beat saw something else.
      if (sample.beats === beats) looks.push({ sample, runMs: readThread()?.runMs ?? 0 })
    }
    return looks
  }
}

/** A look, and the time that main had spent on a CPU by then. */
export interface ChopLook {
  readonly sample: StackSample
  readonly runMs: number
}

/**
 * How many blocks ran for some milliseconds of CPU time between looks in which what the first of them had
 * queued did not run: it was one piece of work, whoever else wanted the CPU. Pure.
 */
export function provenBlocks(looks: readonly ChopLook[]): number {
  let count = 0
  let since: ChopLook | undefined
  let isCounted = false
  for (const look of looks) {
    if (since === undefined || !isSameBlock(since.sample, look.sample)) {
      since = look
      isCounted = false
    } else if (!isCounted && look.runMs - since.runMs >= PROVEN_MS) {
      count += 1
      isCounted = true
    }
  }
  return count
}

function isSameBlock(before: StackSample, after: StackSample): boolean {
  return (
    before.beats === after.beats &&
    before.ticks.length > 0 &&
    before.ticks.every((ran, which) => ran === after.ticks[which])
  )
}

function p90(values: readonly number[]): number {
  return percentile(
    values.toSorted((left, right) => left - right),
    0.9,
  )
}

/** Of the time in which main was on a CPU or waiting for one, the share on it. */
function ownShareOf(base: ThreadState | undefined, state: ThreadState | undefined): number {
  if (base === undefined || state === undefined) return 1
  const runMs = state.runMs - base.runMs
  const waitMs = state.waitMs - base.waitMs
  return runMs + waitMs < 1 ? 1 : runMs / (runMs + waitMs)
}
