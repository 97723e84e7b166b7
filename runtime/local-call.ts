import { CallTimeout, NoProcess, ProcessDown } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import { LocalWait } from './local-wait.ts'
import type { Process } from './process.ts'

/** What a call within a thread was made with. */
export interface LocalCallSpec {
  readonly owner: Process
  readonly server: Process
  /** The pid or name that the caller used. */
  readonly target: string
  readonly name: string
  readonly timeoutMs: number
  /** False: does not keep the process alive. */
  readonly holds: boolean
  /** What the server's end means; left out: a failure. */
  readonly onEnd?: (reason: ExitReason) => void
}

/** A call whose two sides live in the same thread; the request carries it. */
export class LocalCall extends LocalWait {
  readonly #spec: LocalCallSpec
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void

  constructor(
    spec: LocalCallSpec,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(spec.owner, spec.holds)
    this.#spec = spec
    this.#resolve = resolve
    this.#reject = reject
    this.waitFor(spec.server, spec.timeoutMs)
  }

  protected override answered(value: unknown): void {
    this.#resolve(value)
  }

  protected override failed(error: unknown): void {
    this.#reject(error)
  }

  protected override ended(reason: ExitReason): void {
    const { target, server, name, timeoutMs, onEnd } = this.#spec
    const info = { target, name, timeoutMs }
    if (onEnd) onEnd(reason)
    else if (reason.type === 'noproc') this.#reject(new NoProcess(target, info))
    else this.#reject(new ProcessDown(server.pid, reason, info))
  }

  protected override late(): void {
    const { target, server, name, timeoutMs } = this.#spec
    const info = { target, name, timeoutMs }
    this.#reject(new CallTimeout(server.pid, `call '${name}'`, timeoutMs, info))
  }
}
