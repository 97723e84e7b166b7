import { Deadline } from './deadlines.ts'
import { CallTimeout, NoProcess, ProcessDown } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import type { CallFrom } from './signal.ts'
import { fromWireError, type WireError } from './wire.ts'

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
}

/**
 * A call whose two sides live in the same thread. The request carries the call itself, so it needs no
 * reference and no table: the server answers it directly, and finds it in its list when it ends.
 * Only when somebody wants to keep it as a plain {@link CallFrom} it is entered as any other.
 */
export class LocalCall extends Deadline {
  readonly #spec: LocalCallSpec
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  /** Neighbours in the list of the server's callers. */
  #previous: LocalCall | undefined
  #next: LocalCall | undefined
  #from: CallFrom | undefined
  #isOpen = true

  constructor(
    spec: LocalCallSpec,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#spec = spec
    this.#resolve = resolve
    this.#reject = reject
    const { owner, server, holds, timeoutMs } = spec
    const { callers } = server
    this.#next = callers
    if (callers) callers.#previous = this
    server.callers = this
    if (holds) owner.holding++
    if (holds) owner.kernel.pending.hold()
    owner.kernel.deadlines.add(this, timeoutMs)
  }

  get pid(): Pid {
    return this.#spec.owner.pid
  }

  get next(): LocalCall | undefined {
    return this.#next
  }

  /** False for one that is also entered among the server's watchers. */
  get isOwnEntry(): boolean {
    return this.#from === undefined
  }

  /** The caller as plain data, which others may keep. */
  toFrom(): CallFrom {
    if (this.#from) return this.#from
    const { owner, server } = this.#spec
    const { kernel, pid } = owner
    const ref = kernel.newRef()
    this.#from = { pid, ref }
    if (!this.#isOpen) return this.#from
    server.watchers.set(ref, pid)
    kernel.pending.add(ref, {
      target: server.pid,
      resolve: (value) => this.answer(value),
      reject: (error) => this.#settle()?.(error),
      down: (reason) => this.down(reason),
      holds: false,
      settled: () => {},
    })
    return this.#from
  }

  answer(value: unknown): void {
    const { owner } = this.#spec
    if (this.#settle() && owner.alive) this.#resolve(value)
  }

  fail(error: WireError): void {
    this.#settle()?.(fromWireError(error))
  }

  down(reason: ExitReason): void {
    const { target, server, name, timeoutMs } = this.#spec
    const info = { target, name, timeoutMs }
    const reject = this.#settle()
    if (!reject) return
    if (reason.type === 'noproc') reject(new NoProcess(target, info))
    else reject(new ProcessDown(server.pid, reason, info))
  }

  expire(): void {
    const { target, server, name, timeoutMs } = this.#spec
    const info = { target, name, timeoutMs }
    this.#settle()?.(new CallTimeout(server.pid, `call '${name}'`, timeoutMs, info))
  }

  abandon(error: Error): void {
    this.#settle()?.(error)
  }

  /** Whom to tell of a failure; nobody if it is settled already or the caller is dead. */
  #settle(): ((error: unknown) => void) | undefined {
    if (!this.#isOpen) return undefined
    this.#isOpen = false
    const { owner, server, holds } = this.#spec
    const { kernel } = owner
    if (this.#previous) this.#previous.#next = this.#next
    else server.callers = this.#next
    if (this.#next) this.#next.#previous = this.#previous
    kernel.deadlines.remove(this)
    if (this.#from) {
      kernel.pending.take(this.#from.ref)
      server.unwatched(this.#from.ref)
    }
    if (!owner.alive) return ignore
    if (holds) owner.holding--
    if (holds) kernel.pending.release()
    return this.#reject
  }
}

function ignore(): void {}
