/**
 * Signals to actors of this thread that nobody here knows. A pid is known to the world before its
 * birth, and the birth lies in the port of the thread that asked for it; at the first contact of two
 * threads that port itself is still on its way through the root. So what is for somebody unknown
 * waits until all has been read that was sent before, and only then is it for the dead.
 */

import { type Pid, ROOT_THREAD, serialOf, threadOf } from './pid.ts'
import type { SharedState } from './shared-state.ts'
import type { Signal } from './signal.ts'

export interface UnbornOptions {
  readonly ordinal: number
  readonly shared: SharedState
  /** Whether the port of this thread has come, so that what it sent can be read. */
  readonly hears: (thread: number) => boolean
  /** Asks the root to send on every port that is on its way; the answer calls `settled`. */
  readonly askRoot: () => void
}

interface Expected {
  readonly signals: Signal[]
  /** Threads that sent them. */
  readonly senders: Set<number>
  /** In which reading of the ports the first of them came. */
  readonly reading: number
  /** The thread that asked for the birth was gone before: whatever it said lies here. */
  readonly takerGone: boolean
  /** `asked`: the root's next answer decides; `answered`: it has come. */
  root: 'not asked' | 'asked' | 'answered'
}

export class Unborn {
  readonly #options: UnbornOptions
  readonly #expected = new Map<Pid, Expected>()
  #asking = false

  constructor(options: UnbornOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#expected.size
  }

  has(pid: Pid): boolean {
    return this.#expected.has(pid)
  }

  /** Whether signals of this thread wait. */
  hasFrom(thread: number): boolean {
    for (const { senders } of this.#expected.values()) if (senders.has(thread)) return true
    return false
  }

  add(from: number, signal: Signal, reading: number): void {
    const { to } = signal
    const known = this.#expected.get(to)
    if (known) {
      known.signals.push(signal)
      known.senders.add(from)
      return
    }
    this.#expected.set(to, {
      signals: [signal],
      senders: new Set([from]),
      reading,
      takerGone: this.takerIsGone(to),
      root: 'not asked',
    })
  }

  /** All that waited for this one, which is now born or known to be dead. */
  take(pid: Pid): readonly Signal[] {
    const signals = this.#expected.get(pid)?.signals ?? []
    this.#expected.delete(pid)
    return signals
  }

  /**
   * Signals whose receiver would be known by now if it was ever to be: those that came before this
   * reading, unless the root has to be asked first.
   */
  takeSettled(reading: number): readonly Signal[] {
    const settled: Signal[] = []
    for (const [pid, expected] of this.#expected) {
      if (expected.reading >= reading) continue
      const { takerGone, root } = expected
      if (takerGone || root === 'answered' || !this.mayArrive(pid)) settled.push(...this.take(pid))
      else if (root === 'not asked') this.#ask()
    }
    return settled
  }

  /** The root has answered: what had waited when it was asked is settled by the next reading. */
  settled(): void {
    this.#asking = false
    for (const expected of this.#expected.values()) {
      if (expected.root === 'asked') expected.root = 'answered'
    }
  }

  /** Whether the birth can be in a port that has not come, all that has come being read. */
  mayArrive(pid: Pid): boolean {
    const { ordinal, shared, hears } = this.#options
    if (ordinal === ROOT_THREAD || threadOf(pid) !== ordinal) return false
    const taker = shared.takerOf(serialOf(pid))
    if (taker === undefined || taker === ordinal || taker === ROOT_THREAD) return false
    return !hears(taker)
  }

  takerIsGone(pid: Pid): boolean {
    const { shared } = this.#options
    const taker = shared.takerOf(serialOf(pid))
    return taker !== undefined && shared.isGone(taker)
  }

  /** One question at a time; it stands for all that wait now. */
  #ask(): void {
    if (this.#asking) return
    this.#asking = true
    for (const expected of this.#expected.values()) {
      if (expected.root === 'not asked') expected.root = 'asked'
    }
    this.#options.askRoot()
  }
}
