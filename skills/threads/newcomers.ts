import { callIn } from '../gateway/bring.ts'
import type { WorkerRelay } from '../gateway/relay.ts'

/** Those that load nodelens/register by themselves have done so by then. */
const AFTER_MS = 1500
const AGAIN_MS = 30_000
const TRIES = 3
const AT_ONCE = 8
const MOST = 500

/** A worker that main started. */
export interface Alive {
  readonly threadId: number
  readonly startedAt: number
}

/**
 * Brings the probe to workers that did not get it with their birth: those made of a text, with an
 * `execArgv` of their own, or in a process that started nodelens by `start()`.
 */
export class Newcomers {
  readonly #relay: WorkerRelay
  readonly #tries = new Map<number, { count: number; at: number }>()
  #isBusy = false

  constructor(relay: WorkerRelay) {
    this.#relay = relay
  }

  /** @param known Thread ids on the board. */
  async bring(alive: readonly Alive[], known: ReadonlySet<number>, now: number): Promise<void> {
    if (this.#isBusy) return
    const due = alive.filter((worker) => this.#isDue(worker, known, now)).slice(0, AT_ONCE)
    this.#isBusy = true
    try {
      for (const { threadId } of due) {
        this.#tries.set(threadId, { count: (this.#tries.get(threadId)?.count ?? 0) + 1, at: now })
        await this.#bringTo(threadId)
      }
    } finally {
      this.#isBusy = false
      this.#forget(alive)
    }
  }

  #isDue({ threadId, startedAt }: Alive, known: ReadonlySet<number>, now: number): boolean {
    if (known.has(threadId) || now - startedAt < AFTER_MS) return false
    const tried = this.#tries.get(threadId)
    return tried === undefined || (tried.count < TRIES && now - tried.at > AGAIN_MS)
  }

  async #bringTo(threadId: number): Promise<void> {
    try {
      await this.#relay.with(threadId, (worker) =>
        callIn(worker, 'threads/worker-probe', 'joinBoard()', { timeoutMs: 2000 }),
      )
    } catch {
      // It is natively blocked, or has ended; it is tried again.
    }
  }

  #forget(alive: readonly Alive[]): void {
    const ids = new Set(alive.map(({ threadId }) => threadId))
    for (const id of this.#tries.keys())
      if (!ids.has(id) || this.#tries.size > MOST) this.#tries.delete(id)
  }
}
