import type { ServerContext, Settled } from './definition.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { failCall, replyTo } from './reply.ts'
import { type Asker, type CallFrom, plainFrom } from './signal.ts'
import type { SystemDebug } from './system-debug.ts'

/** The context of one server; handlers run one at a time, so `from` is the current call's. */
export class OwnContext implements ServerContext {
  readonly #process: Process
  /** Who is answered by what the handler returns. */
  asker: Asker | undefined
  /** Told of every reply, while somebody looks. */
  watcher: SystemDebug | undefined

  constructor(process: Process) {
    this.#process = process
  }

  get from(): CallFrom | undefined {
    return this.asker && plainFrom(this.asker)
  }

  get self(): Pid {
    return this.#process.pid
  }

  get signal(): AbortSignal {
    return this.#process.signal
  }

  reply(from: Asker, value: unknown): void {
    if (!this.#process.alive) return
    if (this.watcher?.on) this.watcher.wentOut(from.pid, value)
    replyTo(this.#process, from, value)
  }

  fail(from: CallFrom, error: unknown): void {
    if (this.#process.alive) failCall(this.#process, from, error)
  }

  later<Value>(promise: Promise<Value>, message: (outcome: Settled<Value>) => unknown): void {
    const process = this.#process
    const deliver = (outcome: Settled<Value>): void => {
      if (process.alive) process.push(message(outcome))
    }
    promise.then(
      (value) => deliver({ ok: true, value }),
      (error: unknown) => deliver({ ok: false, error }),
    )
  }
}
