import { Deadline } from './deadlines.ts'
import { type CallInfo, CallTimeout } from './errors.ts'
import type { PendingEntry } from './pending.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'

export interface RemoteWaitSpec {
  readonly owner: Process
  readonly target: Pid
  readonly info: CallInfo
  readonly holds: boolean
  readonly signal: AbortSignal | undefined
  readonly ref: Ref
}

/** A wait for an answer that comes as a signal: from another thread, or one that can be given up. */
export class RemoteWait extends Deadline implements PendingEntry {
  readonly owner: Process
  readonly target: Pid
  readonly info: CallInfo
  readonly holds: boolean
  newer: PendingEntry | undefined
  older: PendingEntry | undefined
  readonly ref: Ref
  readonly #signal: AbortSignal | undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  #onAbort: (() => void) | undefined

  constructor(
    { owner, target, info, holds, signal, ref }: RemoteWaitSpec,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.owner = owner
    this.target = target
    this.info = info
    this.holds = holds
    this.#signal = signal
    this.ref = ref
    this.#resolve = resolve
    this.#reject = reject
  }

  get onAbort(): () => void {
    this.#onAbort ??= () => this.#giveUp(this.#signal?.reason)
    return this.#onAbort
  }

  resolve(value: unknown): void {
    this.#resolve(value)
  }

  reject(error: unknown): void {
    this.#reject(error)
  }

  settled(): void {
    this.owner.kernel.deadlines.remove(this)
    if (this.#onAbort) this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  override expire(): void {
    const { target, info } = this
    this.#giveUp(new CallTimeout(target, `call '${info.name}'`, info.timeoutMs, info))
  }

  #giveUp(error: unknown): void {
    const { owner, target } = this
    const { kernel } = owner
    kernel.pending.take(this.ref)
    kernel.send({ type: 'demonitor', to: target, from: owner.pid, ref: this.ref })
    this.#reject(error)
  }
}
