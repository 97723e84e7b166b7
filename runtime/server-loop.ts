/** A server's life: one message at a time, from `init` to `terminate`. */

import { runAs, runAsyncAs } from './context.ts'
import { type ErasedHandler, type ErasedServer, IGNORE } from './definition.ts'
import { Exit } from './errors.ts'
import { type ExitReason, errorReason, isExitReason, NORMAL } from './exit-reason.ts'
import { nearest } from './options.ts'
import type { Behaviour, Process } from './process.ts'
import { failCall, replyTo } from './reply.ts'
import { OwnContext } from './server-context.ts'
import { type CallFrom, CallRequest, CastRequest } from './signal.ts'

/** How `init` ended. */
export type InitOutcome = 'started' | 'ignored' | 'failed'

const TIMEOUT_MESSAGE = Object.freeze({ type: 'timeout' })
const AsyncFunction = (async () => {}).constructor

export class ServerLoop implements Behaviour {
  readonly #spec: ErasedServer
  readonly #context: OwnContext
  #state: unknown
  #busy = true
  #idleTimer: NodeJS.Timeout | undefined

  constructor(spec: ErasedServer, process: Process) {
    this.#spec = spec
    this.#context = new OwnContext(process)
  }

  /** Runs `init`; the mailbox waits meanwhile. A failure ends the actor before it is told. */
  async init(process: Process, args: unknown): Promise<InitOutcome> {
    try {
      const { init } = this.#spec
      const state = await runAsyncAs(process, () => init(args, this.#context))
      if (!process.alive) return 'failed'
      if (state === IGNORE) return 'ignored'
      this.#state = state
      this.#busy = false
      process.status = 'waiting'
      if (process.mailbox.size > 0) process.kernel.scheduler.schedule(process)
      return 'started'
    } catch (error) {
      process.kernel.end(process, reasonOf(error))
      return 'failed'
    }
  }

  run(process: Process, budget: number): number {
    let handled = 0
    while (handled < budget && !this.#busy && process.alive && process.mailbox.size > 0) {
      handled++
      clearTimeout(this.#idleTimer)
      this.#handle(process, process.mailbox.shift())
    }
    if (!this.#busy && process.alive && process.mailbox.size > 0) {
      process.kernel.scheduler.schedule(process)
    }
    return handled
  }

  ended(): void {
    clearTimeout(this.#idleTimer)
    this.#busy = true
    this.#state = undefined
  }

  #handle(process: Process, entry: unknown): void {
    if (entry instanceof CallRequest) return this.#call(process, entry)
    if (entry instanceof CastRequest) {
      const handler = own(this.#spec.casts, entry.name)
      if (handler) this.#invoke(process, handler, entry.payload)
      return
    }
    const parentExit = exitOfParent(process, entry)
    if (parentExit) return this.#terminate(process, parentExit)
    if (this.#spec.info) this.#invoke(process, this.#spec.info, entry)
  }

  #call(process: Process, request: CallRequest): void {
    const handler = own(this.#spec.calls, request.name)
    if (handler) return this.#invoke(process, handler, request.payload, request.from)
    const known = Object.keys(this.#spec.calls)
    const near = nearest(request.name, known)
    const hint = near ? `Did you mean '${near}'?` : `It has: ${known.join(', ') || 'none'}.`
    const error = new TypeError(`'${this.#spec.name}' has no call '${request.name}'. ${hint}`)
    failCall(process, request.from, error)
  }

  #invoke(process: Process, handler: ErasedHandler, payload: unknown, from?: CallFrom): void {
    this.#context.from = from
    try {
      const run = handler instanceof AsyncFunction ? runAsyncAs : runAs
      const result = run(process, () => handler(this.#state, payload, this.#context))
      if (isThenable(result)) this.#wait(process, result, from)
      else this.#apply(process, result, from)
    } catch (error) {
      this.#terminate(process, reasonOf(error))
    }
  }

  #wait(process: Process, result: PromiseLike<unknown>, from: CallFrom | undefined): void {
    this.#busy = true
    process.status = 'running'
    result.then(
      (value) => {
        if (!process.alive) return
        this.#busy = false
        process.status = 'waiting'
        this.#apply(process, value, from)
        if (process.mailbox.size > 0) process.kernel.scheduler.schedule(process)
      },
      (error: unknown) => {
        if (process.alive) this.#terminate(process, reasonOf(error))
      },
    )
  }

  #apply(process: Process, result: unknown, from: CallFrom | undefined): void {
    if (!process.alive) return
    if (!isNext(result)) {
      return this.#terminate(process, { type: 'bad_return_value', value: result })
    }
    this.#state = result.state
    if (result.stop) return this.#terminate(process, result.stop, from, result)
    if (from && 'reply' in result) replyTo(process, from, result.reply)
    if (from && result.fail !== undefined) failCall(process, from, result.fail)
    if ('continue' in result && this.#spec.continue) {
      return this.#invoke(process, this.#spec.continue, result.continue)
    }
    if (typeof result.timeoutMs === 'number') this.#idle(process, result.timeoutMs)
  }

  #idle(process: Process, timeoutMs: number): void {
    if (process.mailbox.size > 0) return
    if (timeoutMs === 0) return process.push(TIMEOUT_MESSAGE)
    this.#idleTimer = setTimeout(() => process.push(TIMEOUT_MESSAGE), timeoutMs)
  }

  /** Runs `terminate` with the last state, answers the last call, then ends. */
  #terminate(process: Process, reason: ExitReason, from?: CallFrom, result?: object): void {
    if (!process.alive) return
    this.#busy = true
    process.status = 'terminating'
    const finish = (last: ExitReason): void => {
      if (!process.alive) return
      if (from && result && 'reply' in result) replyTo(process, from, result.reply)
      process.kernel.end(process, last)
    }
    const { terminate } = this.#spec
    if (!terminate) return finish(reason)
    try {
      const done = runAsyncAs(process, () => terminate(this.#state, reason, this.#context))
      if (!isThenable(done)) return finish(reason)
      done.then(
        () => finish(reason),
        (error: unknown) => finish(reasonOf(error)),
      )
    } catch (error) {
      finish(reasonOf(error))
    }
  }
}

/** The reason that something thrown stands for. */
export function reasonOf(thrown: unknown): ExitReason {
  return thrown instanceof Exit ? thrown.reason : errorReason(thrown)
}

/** A parent's exit ends a server that traps exits, through `terminate`. */
function exitOfParent(process: Process, entry: unknown): ExitReason | undefined {
  if (!process.parent || typeof entry !== 'object' || entry === null) return undefined
  if (!('type' in entry) || entry.type !== 'EXIT') return undefined
  if (!('pid' in entry) || entry.pid !== process.parent || !('reason' in entry)) return undefined
  return isExitReason(entry.reason) ? entry.reason : NORMAL
}

interface AnyNext {
  readonly state: unknown
  readonly stop?: ExitReason
  readonly timeoutMs?: unknown
  readonly reply?: unknown
  readonly fail?: unknown
  readonly continue?: unknown
}

function isNext(value: unknown): value is AnyNext {
  return typeof value === 'object' && value !== null && ('state' in value || 'stop' in value)
}

function own(
  handlers: Readonly<Record<string, ErasedHandler>>,
  name: string,
): ErasedHandler | undefined {
  return Object.hasOwn(handlers, name) ? handlers[name] : undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
