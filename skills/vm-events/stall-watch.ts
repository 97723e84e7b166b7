import { setTimeout as delay } from 'node:timers/promises'
import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import type { Inspector } from '../gateway/inspector.ts'
import { type ProfileHit, profileMain } from '../gateway/profile.ts'
import { parseStackSample, STACK_EXPRESSION, type StackSample } from '../gateway/stack-sample.ts'
import { readMainThread, readOwnBusyMs, type ThreadState } from '../gateway/thread-state.ts'
import { epochMs } from '../probe/clock.ts'
import { areMicrotasks } from './analyse.ts'
import type { StallEvidence, TimedSample } from './stall.ts'

const POLL_MS = 50
/** Looks at main begin when the heartbeat is this late: two beats missed at 50 ms, and some. */
const LOOK_AFTER_MS = 120
/** Start-up is itself a stall. The application is up after this many beats in a row on time … */
const UP_AFTER_BEATS = 8
/** … or when the process is this old, whatever happens. */
const UP_AFTER_MS = 10_000
const MAX_LOOKS = 80
const BASELINE_EVERY_POLLS = 10

interface OpenStall {
  readonly id: string
  readonly startedAt: number
  readonly beats: number
  readonly samples: TimedSample[]
  /** The kernel's counters shortly before it. */
  readonly base: ThreadState | undefined
  frozenMs: number
  ownBusyMs: number | undefined
  state: ThreadState | undefined
  profile: ProfileHit | undefined
  endedAt: number | undefined
}

export interface StallWatchOptions {
  readonly reader: HeartbeatReader
  readonly inspector: Inspector
  readonly ownFolders: readonly string[]
  /** Called at each poll while one is open, and once more, 150 ms after its end, with `ongoing: false`. */
  readonly onStall: (evidence: StallEvidence) => void
}

/**
 * Watches the heartbeat from the gateway's thread and gathers evidence while main is stuck.
 *
 * At rest it compares two numbers 20 times a second. When the heartbeat is late it looks at
 * main's stack through the inspector, closely at first, then ever less often, 80 times at most,
 * and reads the kernel's view of the thread meanwhile.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  #timer: NodeJS.Timeout | undefined
  #open: OpenStall | undefined
  #baseline: ThreadState | undefined
  #polledAt = 0
  #polls = 0
  #seenBeats = 0
  #goodBeats = 0
  #serial = 0
  #isUp = false
  #wasLate = false

  constructor(options: StallWatchOptions) {
    this.#options = options
  }

  /** The stall that is under way, with all that is known so far. */
  get current(): StallEvidence | undefined {
    return this.#open === undefined ? undefined : this.#evidence(this.#open)
  }

  /** Milliseconds since the heartbeat should have come; 0 while it is on time. */
  get lateMs(): number {
    const { reader } = this.#options
    return Math.max(0, epochMs() - reader.beatAt - reader.gauge('heartbeatMs'))
  }

  /** Start-up is over; see UP_AFTER_BEATS. */
  get isUp(): boolean {
    return this.#isUp
  }

  start(): void {
    this.#polledAt = epochMs()
    this.#timer = setInterval(() => this.#poll(), POLL_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    if (this.#open !== undefined) this.#open.endedAt = epochMs()
    this.#open = undefined
  }

  #poll(): void {
    const { reader } = this.#options
    const now = epochMs()
    const gapMs = now - this.#polledAt - POLL_MS
    this.#polledAt = now
    this.#polls += 1
    if (!reader.isInstalled) return this.stop()
    const ageMs = now - reader.beatAt
    this.#noteStart(ageMs, now)
    if (this.#open !== undefined) return this.#follow(this.#open, gapMs)
    if (ageMs < POLL_MS && this.#polls % BASELINE_EVERY_POLLS === 0)
      this.#baseline = readMainThread()
    // After a suspension of the machine main's timer needs a moment too; a gateway that is merely
    // starved must not wait for ever.
    const isLate = gapMs > POLL_MS * 2 && !this.#wasLate
    this.#wasLate = isLate
    if (isLate || ageMs < LOOK_AFTER_MS || !this.#isUp) return
    this.#begin(reader)
  }

  #noteStart(ageMs: number, now: number): void {
    const { reader } = this.#options
    const { beats } = reader
    if (this.#isUp) return
    if (ageMs > LOOK_AFTER_MS) this.#goodBeats = 0
    else this.#goodBeats += beats - this.#seenBeats
    this.#seenBeats = beats
    this.#isUp = this.#goodBeats >= UP_AFTER_BEATS || now - reader.gauge('startedAt') > UP_AFTER_MS
  }

  #begin(reader: HeartbeatReader): void {
    this.#serial += 1
    const state = readMainThread()
    const open: OpenStall = {
      id: `stall-${this.#serial}`,
      startedAt: reader.beatAt,
      beats: reader.beats,
      samples: [],
      base: this.#baseline ?? state,
      frozenMs: 0,
      ownBusyMs: readOwnBusyMs(),
      state,
      profile: undefined,
      endedAt: undefined,
    }
    this.#open = open
    void this.#collect(open)
  }

  #follow(open: OpenStall, gapMs: number): void {
    const { reader, onStall } = this.#options
    noteFrozen(open, gapMs)
    if (reader.beats === open.beats) {
      open.state = readMainThread() ?? open.state
      onStall(this.#evidence(open))
      return
    }
    open.endedAt = reader.beatAt
    this.#open = undefined
    const late = readMainThread()
    open.state = late === undefined ? open.state : { ...open.state, ...late }
    // Garbage collections are reported by main only after the fact: give it two beats.
    setTimeout(() => onStall(this.#evidence(open)), 150).unref()
  }

  async #collect(open: OpenStall): Promise<void> {
    let askedAt = open.startedAt
    let empty = 0
    while (open.endedAt === undefined && open.samples.length < MAX_LOOKS) {
      const sample = await this.#look()
      const now = epochMs()
      if (sample !== undefined && sample.beats === open.beats) {
        open.samples.push({ sample, weightMs: Math.min(now - askedAt, now - open.startedAt) })
        empty = sample.frames.some((frame) => frame.origin === 'app') ? 0 : empty + 1
      }
      askedAt = now
      if (empty === 8 && open.profile === undefined) await this.#profile(open)
      await delay(pauseAfter(open.samples.length), undefined, { ref: false })
    }
  }

  async #look(): Promise<StackSample | undefined> {
    try {
      const options = { timeoutMs: 60_000, chargeMs: 0.3 }
      const answer = await this.#options.inspector.evaluate(STACK_EXPRESSION, options)
      return parseStackSample(answer, this.#options.ownFolders)
    } catch {
      // Budget, closed or no inspector: what the kernel says remains.
      return undefined
    }
  }

  async #profile(open: OpenStall): Promise<void> {
    const hits = await profileMain(this.#options.inspector, 200, this.#options.ownFolders)
    const isStillOpen = open.endedAt === undefined
    if (isStillOpen || areMicrotasks(open.samples)) open.profile = hits[0]
  }

  #evidence(open: OpenStall): StallEvidence {
    const { reader } = this.#options
    const endedAt = open.endedAt ?? epochMs()
    const inside = reader
      .gcEvents()
      .filter((event) => event.at >= open.startedAt - 5 && event.at < endedAt)
    const { state, base } = open
    const known = base !== undefined && state !== undefined
    return {
      id: open.id,
      startedAt: open.startedAt,
      durationMs: endedAt - open.startedAt,
      ongoing: open.endedAt === undefined,
      samples: [...open.samples],
      ...(known ? { runMs: state.runMs - base.runMs } : {}),
      waitMs: known ? state.waitMs - base.waitMs : 0,
      frozenMs: open.frozenMs,
      heapLimitBytes: reader.gauge('oldLimitBytes'),
      gcMs: inside.reduce((total, event) => total + event.durationMs, 0),
      ...(state?.syscall === undefined ? {} : { syscall: state.syscall }),
      ...(state?.target === undefined ? {} : { target: state.target }),
      ...(open.profile === undefined ? {} : { profile: open.profile }),
    }
  }
}

/** A gap in our own polls in which we neither ran nor waited for a CPU: the whole process stood still. */
function noteFrozen(open: OpenStall, gapMs: number): void {
  const busyMs = readOwnBusyMs()
  const busy = busyMs === undefined || open.ownBusyMs === undefined ? 0 : busyMs - open.ownBusyMs
  open.ownBusyMs = busyMs
  if (gapMs > POLL_MS * 2 && busy < gapMs / 2) open.frozenMs += gapMs
}

/** Close looks first, for the share; a long stall is then looked at about once a second. */
function pauseAfter(looks: number): number {
  if (looks < 25) return 20
  return looks < 45 ? 100 : 1000
}
