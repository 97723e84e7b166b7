import { Deadline } from '../deadlines.ts'
import type { PendingEntry } from '../pending.ts'
import type { Pid, Ref } from '../pid.ts'
import type { Process } from '../process.ts'

/**
 * How a wait ended: there is something to do, there will not be any more, or the time is over.
 *
 * `'ready'` has precedence over `'ended'`: what the other side has sent before its end is read first.
 */
export type Waited = 'ready' | 'ended' | 'timeout'

export interface ChannelWaitOptions {
  /** Milliseconds to wait; 0 only looks. Default: until there is something or the other side ends. */
  readonly timeoutMs?: number
  /** Gives up when aborted; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** False: the wait does not keep the process alive. Default true. */
  readonly holds?: boolean
}

/** A wait of one end of a channel; it stands among the replies that its thread waits for. */
export class ChannelWait extends Deadline implements PendingEntry {
  readonly owner: Process
  readonly target: Pid
  readonly holds: boolean
  readonly #ref: Ref
  readonly #signal: AbortSignal | undefined
  readonly #done: (waited: Waited) => void
  readonly #failed: (error: unknown) => void
  /** Called once, however it ends. */
  onSettled: (() => void) | undefined

  constructor(
    owner: Process,
    { timeoutMs = Number.POSITIVE_INFINITY, signal, holds = true }: ChannelWaitOptions,
    done: (waited: Waited) => void,
    failed: (error: unknown) => void,
  ) {
    super()
    const { kernel } = owner
    this.owner = owner
    this.target = owner.pid
    this.holds = holds
    this.#signal = signal
    this.#done = done
    this.#failed = failed
    this.#ref = kernel.newRef()
    kernel.pending.add(this.#ref, this)
    kernel.deadlines.add(this, timeoutMs)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  finish(waited: Waited): void {
    if (this.owner.kernel.pending.take(this.#ref)) this.#done(waited)
  }

  override expire(): void {
    this.finish('timeout')
  }

  /** Nobody replies to it. */
  resolve(): void {}

  reject(error: unknown): void {
    this.#failed(error)
  }

  settled(): void {
    this.owner.kernel.deadlines.remove(this)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.onSettled?.()
  }

  readonly #onAbort = (): void => {
    if (this.owner.kernel.pending.take(this.#ref)) this.#failed(this.#signal?.reason)
  }
}
