import { aside } from './context.ts'
import type { Process } from './process.ts'

/** Messages one actor may handle before the next one has its turn. */
const SLICE = 256
/** How long actors may keep the thread before timers and I/O get theirs, milliseconds. */
const TURN_MS = 4
/** About how often the clock is looked at meanwhile, milliseconds. */
const LOOK_MS = 0.5
const MAX_STEPS_PER_LOOK = 2048
/** Its `then` is a microtask for a third of what `queueMicrotask` costs. */
const SOON = Promise.resolve()

/**
 * Runs the actors of one thread in turn. Work starts in a microtask, so that a message sent from
 * plain code is handled before the event loop goes on. Actors that give each other ever more work
 * would go from microtask to microtask for ever, so their time is counted until the event loop has
 * turned; when it is used up they go on after the event loop.
 */
export class Scheduler {
  #queue: Process[] = []
  #scheduled = false
  #stopped = false
  /** Messages to be handled, and mailboxes looked at, before the next look at the clock. */
  #stepsLeft = 1
  #stepsPerLook = 16
  #lookedAt = 0
  /** When the actors' time is up; 0 while the event loop is not known to wait. */
  #until = 0
  #isDue = false
  #afterwards: (() => void)[] = []
  readonly #onTurnOver: () => void

  /** @param onTurnOver Called whenever actors have run. */
  constructor(onTurnOver: () => void) {
    this.#onTurnOver = onTurnOver
  }

  schedule(process: Process): void {
    if (process.queued || this.#stopped) return
    process.queued = true
    this.#queue.push(process)
    this.ensureTurn()
  }

  /** There will be a turn, though perhaps nobody has anything to do in it. */
  ensureTurn(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    if (!this.#isDue) aside(this.#soon)
  }

  /** Counts a step outside of a turn; true if the actor must go on after the event loop only. */
  isDueAfterStep(): boolean {
    if (--this.#stepsLeft <= 0) this.#look()
    return this.#isDue
  }

  /** Calls once the event loop has turned; only while the time is up. */
  afterEventLoop(goOn: () => void): void {
    this.#afterwards.push(goOn)
  }

  stop(): void {
    this.#stopped = true
    this.#queue = []
    this.#afterwards = []
  }

  readonly #soon = (): void => {
    void SOON.then(this.#turn)
  }

  readonly #turn = (): void => {
    let at = 0
    while (at < this.#queue.length && !this.#isDue) {
      const process = this.#queue[at++]
      if (!process) continue
      process.queued = false
      this.#stepsLeft -= 1 + process.run(SLICE)
      if (this.#stepsLeft <= 0) this.#look()
    }
    this.#queue = at < this.#queue.length ? this.#queue.slice(at) : []
    this.#scheduled = this.#queue.length > 0
    this.#onTurnOver()
  }

  /** The first look after the event loop has turned begins the time, the others measure it. */
  #look(): void {
    const now = performance.now()
    if (this.#until === 0) {
      this.#until = now + TURN_MS
      setImmediate(this.#eventLoopTurned)
    } else {
      const wanted = (this.#stepsPerLook * LOOK_MS) / Math.max(now - this.#lookedAt, 0.001)
      this.#stepsPerLook = Math.ceil(Math.min(wanted, 2 * this.#stepsPerLook, MAX_STEPS_PER_LOOK))
      this.#isDue = now >= this.#until
    }
    this.#lookedAt = now
    this.#stepsLeft = this.#stepsPerLook
  }

  readonly #eventLoopTurned = (): void => {
    this.#until = 0
    this.#isDue = false
    for (const goOn of this.#afterwards.splice(0)) goOn()
    if (this.#scheduled) this.#turn()
  }
}
