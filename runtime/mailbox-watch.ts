import type { Kernel } from './kernel.ts'
import type { MailboxPolicy } from './mailbox-options.ts'
import type { Process } from './process.ts'
import { nameFacts, tell } from './telemetry.ts'

/** At most one event per actor and kind in this time, milliseconds. */
const WINDOW_MS = 1000

interface Hits {
  readonly policy: MailboxPolicy
  /** Since the last event. */
  count: number
  /** Since the birth of the actor. */
  total: number
}

/**
 * Tells of mailboxes that are full, at most once a second each: a flood of hits is no flood of
 * events. Its timer runs only while there is one.
 */
export class MailboxWatch {
  readonly #kernel: Kernel
  readonly #high = new Map<Process, number>()
  readonly #hits = new Map<Process, Hits>()
  #timer: NodeJS.Timeout | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** The mailbox is over its mark; told once until it is below half of that. */
  over(process: Process, highWater: number): void {
    if (this.#high.has(process)) return
    this.#high.set(process, highWater)
    this.#start()
    tell(this.#kernel, 'mailbox:high-water', () => ({ ...factsOf(process), highWater }))
  }

  /** A message was dropped or refused, or a caller has to wait. The first is told at once. */
  hit(process: Process, policy: MailboxPolicy, total: number): void {
    const hits = this.#hits.get(process)
    if (hits) {
      hits.count++
      hits.total = total
      return
    }
    const first: Hits = { policy, count: 1, total }
    this.#hits.set(process, first)
    this.#start()
    this.#tell(process, first)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#high.clear()
    this.#hits.clear()
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.#look(), WINDOW_MS).unref()
  }

  #look(): void {
    for (const [process, mark] of this.#high) {
      if (!process.alive || process.mailbox.size < mark / 2) this.#high.delete(process)
    }
    for (const [process, hits] of this.#hits) {
      if (hits.count === 0) this.#hits.delete(process)
      else this.#tell(process, hits)
    }
    if (this.#high.size === 0 && this.#hits.size === 0) this.stop()
  }

  #tell(process: Process, hits: Hits): void {
    const { policy, count, total } = hits
    hits.count = 0
    tell(this.#kernel, 'mailbox:bound-hit', () => ({ ...factsOf(process), policy, count, total }))
  }
}

function factsOf(process: Process): object {
  return { ...nameFacts(process), mailbox: process.mailbox.size }
}
