/** A server's life: one message at a time, from `init` to `terminate`. */

import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import { runAs, runAsyncAs } from './context.ts'
import { type ErasedHandler, type ErasedServer, IGNORE } from './definition.ts'
import { Exit } from './errors.ts'
import { type ExitReason, errorReason, isExitReason, NORMAL } from './exit-reason.ts'
import { isInitial, isRefusal } from './init-result.ts'
import type { Behaviour, Process } from './process.ts'
import { failCall, replyTo } from './reply.ts'
import { reportCrash } from './report.ts'
import { OwnContext } from './server-context.ts'
import { noHandler, reportTermination, reportUnhandled } from './server-report.ts'
import { type CallFrom, CallRequest, CastRequest, STOP_CALL } from './signal.ts'

/** How `init` ended. */
export type InitOutcome =
  | { readonly type: 'started' | 'ignored' | 'failed' }
  | { readonly type: 'refused'; readonly reason: ExitReason }

/** What led to the end: the last message, and the answer that is still to be given. */
interface Ending {
  readonly message?: unknown
  readonly from?: CallFrom | undefined
  readonly result?: object
}

const TIMEOUT_MESSAGE = Object.freeze({ type: 'timeout' })
const AsyncFunction = (async () => {}).constructor

export class ServerLoop implements Behaviour {
  readonly #spec: ErasedServer
  readonly #context: OwnContext
  #state: unknown
  #busy = true
  #idleTimer: Alarm
  #continuation: { readonly what: unknown } | undefined
  #continuing = false

  constructor(spec: ErasedServer, process: Process) {
    this.#spec = spec
    this.#context = new OwnContext(process)
  }

  /**
   * Runs `init`; the mailbox waits meanwhile. A failure ends the actor before it is told; a success
   * is told before anything else happens.
   */
  async init(process: Process, args: unknown, started: () => void): Promise<InitOutcome> {
    try {
      const { init } = this.#spec
      const state = await runAsyncAs(process, () => init(args, this.#context))
      if (!process.alive) return { type: 'failed' }
      if (state === IGNORE) return { type: 'ignored' }
      if (isRefusal(state)) return { type: 'refused', reason: state.reason }
      this.#state = isInitial(state) ? state.state : state
      this.#busy = false
      process.status = 'waiting'
      started()
      if (isInitial(state)) this.#afterwards(process, state)
      this.#more(process)
      return { type: 'started' }
    } catch (error) {
      const reason = reasonOf(error)
      if (process.alive) reportCrash(process, reason)
      process.kernel.end(process, reason)
      return { type: 'failed' }
    }
  }

  run(process: Process, budget: number): number {
    let handled = 0
    while (handled < budget && !this.#busy && process.alive && process.mailbox.size > 0) {
      handled++
      if (this.#idleTimer) this.#stopIdling()
      this.#handle(process, process.mailbox.shift())
    }
    this.#more(process)
    return handled
  }

  #stopIdling(): void {
    clearAlarm(this.#idleTimer)
    this.#idleTimer = undefined
  }

  ended(): void {
    this.#stopIdling()
    this.#busy = true
    this.#state = undefined
  }

  #more(process: Process): void {
    if (this.#busy || !process.alive || process.mailbox.size === 0) return
    process.kernel.scheduler.schedule(process)
  }

  #handle(process: Process, entry: unknown): void {
    if (entry instanceof CallRequest) return this.#call(process, entry)
    if (entry instanceof CastRequest) {
      const handler = own(this.#spec.casts, entry.name)
      if (handler) return this.#invoke(process, handler, entry.payload)
      const reason = noHandler('cast', entry.name, this.#spec.casts)
      return this.#terminate(process, reason, { message: entry })
    }
    const parentExit = exitOfParent(process, entry)
    if (parentExit) return this.#terminate(process, parentExit, { message: entry })
    if (this.#spec.info) this.#invoke(process, this.#spec.info, entry)
    else reportUnhandled(process, this.#spec.name, entry)
  }

  /** A call that there is no handler for ends the server, as in OTP; so does `stop()`. */
  #call(process: Process, request: CallRequest): void {
    const { name, payload, from } = request
    const handler = own(this.#spec.calls, name)
    if (handler) return this.#invoke(process, handler, payload, from)
    if (name === STOP_CALL && isExitReason(payload)) return this.#terminate(process, payload)
    const reason = noHandler('call', name, this.#spec.calls)
    this.#terminate(process, reason, { message: request, from })
  }

  #invoke(process: Process, handler: ErasedHandler, payload: unknown, from?: CallFrom): void {
    this.#context.from = from
    try {
      const run = handler instanceof AsyncFunction ? runAsyncAs : runAs
      const result = run(process, () => handler(this.#state, payload, this.#context))
      if (isThenable(result)) this.#wait(process, result, payload, from)
      else this.#apply(process, result, payload, from)
    } catch (error) {
      this.#terminate(process, reasonOf(error), { message: payload, from })
    }
  }

  #wait(
    process: Process,
    result: PromiseLike<unknown>,
    payload: unknown,
    from: CallFrom | undefined,
  ): void {
    this.#busy = true
    process.status = 'running'
    result.then(
      (value) => {
        if (!process.alive) return
        this.#busy = false
        process.status = 'waiting'
        this.#apply(process, value, payload, from)
        this.#more(process)
      },
      (error: unknown) => {
        if (process.alive) this.#terminate(process, reasonOf(error), { message: payload, from })
      },
    )
  }

  #apply(process: Process, result: unknown, message: unknown, from: CallFrom | undefined): void {
    if (!process.alive) return
    if (!isNext(result)) {
      const reason = { type: 'bad_return_value', value: result }
      return this.#terminate(process, reason, { message, from })
    }
    this.#state = result.state
    if (result.stop) return this.#terminate(process, result.stop, { message, from, result })
    if (from && 'reply' in result) replyTo(process, from, result.reply)
    if (from && result.fail !== undefined) failCall(process, from, result.fail)
    this.#afterwards(process, result)
  }

  #afterwards(process: Process, next: { continue?: unknown; timeoutMs?: unknown }): void {
    if ('continue' in next) this.#continue(process, next.continue)
    else if (typeof next.timeoutMs === 'number') this.#idle(process, next.timeoutMs)
  }

  /** Before any queued message. A chain of them is a loop, not a deep stack. */
  #continue(process: Process, what: unknown): void {
    this.#continuation = { what }
    if (this.#continuing) return
    this.#continuing = true
    while (this.#continuation && process.alive) {
      const { what: next }: { readonly what: unknown } = this.#continuation
      this.#continuation = undefined
      const handler = this.#spec.continue
      if (handler) this.#invoke(process, handler, next)
      else this.#terminate(process, noHandler('continue', '', {}), { message: next })
    }
    this.#continuing = false
  }

  /** The timeout comes only if nothing else does: whatever is queued by then has won. */
  #idle(process: Process, timeoutMs: number): void {
    if (process.mailbox.size > 0) return
    if (timeoutMs === 0) return process.push(TIMEOUT_MESSAGE)
    this.#idleTimer = setAlarm(timeoutMs, () => {
      if (process.mailbox.size === 0) process.push(TIMEOUT_MESSAGE)
    })
  }

  /** Runs `terminate` with the last state, answers the last call, then ends. */
  #terminate(process: Process, reason: ExitReason, ending: Ending = {}): void {
    if (!process.alive) return
    this.#busy = true
    process.status = 'terminating'
    const { from, result, message } = ending
    const finish = (last: ExitReason): void => {
      if (!process.alive) return
      if (from && result && 'reply' in result) replyTo(process, from, result.reply)
      const { name } = this.#spec
      reportTermination(process, { name, reason: last, state: this.#state, message, from })
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
