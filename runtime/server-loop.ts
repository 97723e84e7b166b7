/** A server's life: one message at a time, from `init` to `terminate`. */

import { type Alarm, clearAlarm } from './alarm.ts'
import { isAsyncFunction, runAsyncAs, runnerOf } from './context.ts'
import { type ErasedHandler, type ErasedServer, IGNORE } from './definition.ts'
import { type ExitReason, isExitReason } from './exit-reason.ts'
import { formatted } from './format-status.ts'
import {
  type Afterwards,
  byStatus,
  type Ending,
  exitOfParent,
  handleAs,
  isNext,
  isOrdinary,
  isThenable,
  own,
  reasonOf,
  whenDone,
} from './handler-result.ts'
import { sleepServer } from './hibernation.ts'
import { idleAlarm } from './idle-alarm.ts'
import { type InitOutcome, isInitial, isRefusal, STARTED } from './init-result.ts'
import type { Behaviour, CurrentFunction, Process } from './process.ts'
import { failCall } from './reply.ts'
import { reportCrash } from './report.ts'
import { OwnContext } from './server-context.ts'
import { noHandler, reportTermination, reportUnhandled } from './server-report.ts'
import { type Asker, CallRequest, CastRequest, STOP_CALL, SYSTEM_CALL } from './signal.ts'
import { SystemDesk } from './system-desk.ts'
import { isSystemCall } from './system-request.ts'

type Later = PromiseLike<unknown>

export class ServerLoop implements Behaviour {
  readonly #spec: ErasedServer
  readonly #context: OwnContext
  #state: unknown
  /** The handler that it waits for, where it is one. */
  #busy: boolean | CurrentFunction = true
  /** There from the first system call on; the loop then takes its slower way. */
  #desk: SystemDesk | undefined
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
  init(process: Process, args: unknown, tell: (outcome: InitOutcome) => void): void {
    const { init } = this.#spec
    const run = runnerOf(init, this.#spec.asksLater)
    try {
      const state = run(process, () => init(args, this.#context))
      if (!isThenable(state)) return this.#begin(process, state, tell)
      state.then(
        (value) => this.#begin(process, value, tell),
        (error: unknown) => this.#stillborn(process, error),
      )
    } catch (error) {
      this.#stillborn(process, error)
    }
  }

  #begin(process: Process, state: unknown, tell: (outcome: InitOutcome) => void): void {
    if (!process.alive) return
    if (state === IGNORE) return tell({ type: 'ignored' })
    if (isRefusal(state)) return tell({ type: 'refused', reason: state.reason })
    this.#state = isInitial(state) ? state.state : state
    this.#busy = false
    process.status = 'waiting'
    tell(STARTED)
    if (isInitial(state)) this.#afterwards(process, state)
    this.#more(process)
  }

  #stillborn(process: Process, error: unknown): void {
    const reason = reasonOf(error)
    if (process.alive) reportCrash(process, reason)
    process.kernel.end(process, reason)
  }

  run(process: Process, budget: number): number {
    if (this.#desk) return this.#watched(process, budget, this.#desk)
    let handled = 0
    while (handled < budget && !this.#busy && process.alive && process.mailbox.size > 0) {
      handled++
      if (this.#idleTimer && !isSystemCall(process.mailbox.at(0))) this.#stopIdling()
      this.#handle(process, process.mailbox.shift())
    }
    this.#more(process)
    return handled
  }

  /** The same while somebody looks, or has halted it: then only system calls are handled. */
  #watched(process: Process, budget: number, desk: SystemDesk): number {
    let handled = 0
    while (handled < budget && !this.#busy && process.alive) {
      const index = desk.next(process)
      if (index < 0) break
      const entry = process.mailbox.takeAt(index)
      handled++
      if (isOrdinary(entry) && this.#idleTimer) this.#stopIdling()
      if (isOrdinary(entry) && desk.debug.on) desk.debug.cameIn(entry)
      this.#handle(process, entry)
    }
    this.#more(process)
    return handled
  }

  current(process: Process): CurrentFunction | undefined {
    return typeof this.#busy === 'object' ? this.#busy : byStatus(process)
  }

  moved(index: number, by: 1 | -1): void {
    this.#desk?.moved(index, by)
  }

  #stopIdling(): void {
    clearAlarm(this.#idleTimer)
    this.#idleTimer = undefined
  }

  ended(): void {
    this.#stopIdling()
    this.#desk?.close()
    this.#busy = true
    this.#state = undefined
  }

  #more(process: Process): void {
    if (this.#busy || !process.alive || process.mailbox.size === 0) return
    if (this.#desk && this.#desk.next(process) < 0) return
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
    const { name, payload, asker: from } = request
    const handler = own(this.#spec.calls, name)
    if (handler) return this.#invoke(process, handler, payload, from)
    if (name === SYSTEM_CALL) return this.#system(process, request)
    if (name === STOP_CALL && isExitReason(payload)) return this.#terminate(process, payload)
    const reason = noHandler('call', name, this.#spec.calls)
    this.#terminate(process, reason, { message: request, from })
  }

  /** What takes long holds the mailbox, as a handler does. */
  #system(process: Process, request: CallRequest): void {
    this.#desk ??= this.#newDesk(process)
    const answered = this.#desk.answer(request)
    if (!answered) return
    this.#busy = true
    void answered.then(() => {
      if (!process.alive) return
      this.#busy = false
      this.#more(process)
    })
  }

  #newDesk(process: Process): SystemDesk {
    const desk = new SystemDesk({
      process,
      name: this.#spec.name,
      state: () => this.#state,
      replace: (state) => {
        this.#state = state
      },
      format: (parts) => formatted(this.#spec, parts),
      terminate: (reason) => this.#terminate(process, reason),
    })
    this.#context.watcher = desk.debug
    return desk
  }

  #invoke(process: Process, handler: ErasedHandler, payload: unknown, from?: Asker): void {
    this.#context.asker = from
    try {
      const result =
        this.#spec.asksLater && isAsyncFunction(handler)
          ? runAsyncAs(process, () => handler(this.#state, payload, this.#context))
          : handleAs(process, handler, this.#state, payload, this.#context)
      if (isThenable(result)) this.#wait(process, handler.name, result, payload, from)
      else this.#apply(process, result, payload, from)
    } catch (error) {
      this.#terminate(process, reasonOf(error), { message: payload, from })
    }
  }

  #wait(process: Process, name: string, result: Later, payload: unknown, from?: Asker): void {
    this.#busy = { name, since: Date.now() }
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

  #apply(process: Process, result: unknown, message: unknown, from: Asker | undefined): void {
    if (!process.alive) return
    if (!isNext(result)) {
      const reason = { type: 'bad_return_value', value: result }
      return this.#terminate(process, reason, { message, from })
    }
    this.#state = result.state
    if (result.stop) return this.#terminate(process, result.stop, { message, from, result })
    if (from && 'reply' in result) this.#context.reply(from, result.reply)
    if (from && result.fail !== undefined) failCall(process, from, result.fail)
    this.#afterwards(process, result)
  }

  #afterwards(process: Process, next: Afterwards): void {
    if ('continue' in next) this.#continue(process, next.continue)
    else if (next.hibernate === true) sleepServer(process)
    else if (typeof next.timeoutMs === 'number')
      this.#idleTimer = idleAlarm(process, next.timeoutMs)
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

  /** Runs `terminate` with the last state, answers the last call, then ends. */
  #terminate(process: Process, reason: ExitReason, ending: Ending = {}): void {
    if (!process.alive) return
    this.#busy = true
    process.status = 'terminating'
    const { from, result, message } = ending
    const finish = (last: ExitReason): void => {
      if (!process.alive) return
      if (from && result && 'reply' in result) this.#context.reply(from, result.reply)
      const told = { reason: last, state: this.#state, message, from, log: this.#desk?.debug.log }
      reportTermination(process, this.#spec, told)
      process.kernel.end(process, last)
    }
    const { terminate } = this.#spec
    if (!terminate) return finish(reason)
    const run = runnerOf(terminate, this.#spec.asksLater)
    whenDone(() => run(process, () => terminate(this.#state, reason, this.#context)), {
      done: () => finish(reason),
      failed: (error) => finish(reasonOf(error)),
    })
  }
}
