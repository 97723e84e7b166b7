import { Deadline } from './deadlines.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import type { CallFrom } from './signal.ts'
import { fromWireError, type WireError } from './wire.ts'

/**
 * A wait of one actor for another of the same thread. The other answers it directly, and finds it in
 * its list when it ends, so it needs no reference and no table. Only when somebody wants to keep it
 * as a plain {@link CallFrom} it is entered as any other.
 */
export abstract class LocalWait extends Deadline {
  readonly owner: Process
  readonly #holds: boolean
  #other: Process | undefined
  /** Neighbours in the list of those who wait for the other. */
  #previous: LocalWait | undefined
  #next: LocalWait | undefined
  #from: CallFrom | undefined

  /** @param holds False: does not keep the process alive. */
  constructor(owner: Process, holds: boolean) {
    super()
    this.owner = owner
    this.#holds = holds
  }

  /** Only called while the owner lives. */
  protected abstract answered(value: unknown): void
  protected abstract failed(error: unknown): void
  protected abstract ended(reason: ExitReason): void
  protected abstract late(): void

  /** @param timeoutMs `Infinity`: for ever. */
  waitFor(other: Process, timeoutMs: number): void {
    const { owner } = this
    const next = other.waiting
    this.#other = other
    this.#next = next
    if (next) next.#previous = this
    other.waiting = this
    if (this.#holds) {
      owner.rare.holding++
      owner.kernel.pending.hold()
    }
    owner.kernel.deadlines.add(this, timeoutMs)
  }

  get pid(): Pid {
    return this.owner.pid
  }

  get next(): LocalWait | undefined {
    return this.#next
  }

  /** False for one that is also entered among the other's watchers. */
  get isOwnEntry(): boolean {
    return this.#from === undefined
  }

  /** The one who waits, as plain data that others may keep. */
  toFrom(): CallFrom {
    if (this.#from) return this.#from
    const { pid, kernel } = this.owner
    const ref = kernel.newRef()
    this.#from = { pid, ref }
    if (!this.#other) return this.#from
    this.#other.watchers.set(ref, pid)
    kernel.pending.add(ref, {
      target: this.#other.pid,
      resolve: (value) => this.answer(value),
      reject: (error) => this.abandon(error),
      down: (reason) => this.down(reason),
      holds: false,
      settled: () => {},
    })
    return this.#from
  }

  answer(value: unknown): void {
    if (this.settle()) this.answered(value)
  }

  fail(error: WireError): void {
    if (this.settle()) this.failed(fromWireError(error))
  }

  abandon(error: unknown): void {
    if (this.settle()) this.failed(error)
  }

  down(reason: ExitReason): void {
    if (this.settle()) this.ended(reason)
  }

  override expire(): void {
    if (this.settle()) this.late()
  }

  /** Waits no longer; true if it did until now and its owner is there to hear of it. */
  settle(): boolean {
    const other = this.#other
    if (!other) return false
    const { owner } = this
    const { kernel } = owner
    this.#other = undefined
    if (this.#previous) this.#previous.#next = this.#next
    else other.waiting = this.#next
    if (this.#next) this.#next.#previous = this.#previous
    kernel.deadlines.remove(this)
    if (this.#from) {
      kernel.pending.take(this.#from.ref)
      other.unwatched(this.#from.ref)
    }
    if (!owner.alive) return false
    if (this.#holds) {
      owner.rare.holding--
      kernel.pending.release()
    }
    return true
  }
}
