import { registerErrorClass } from './error-classes.ts'
import { describeReason, type ExitReason, NOPROC, TIMEOUT } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import { printable } from './wire.ts'

const FAILURE = Symbol.for('nodelens.failure')

/** What all failures of the runtime have in common; told apart by `code`. */
export class RuntimeFailure extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
  override get name(): string {
    return this.constructor.name
  }
}
Object.defineProperty(RuntimeFailure.prototype, FAILURE, { value: true })

/** True for a failure of any copy of this runtime, in any thread's realm. */
export function isRuntimeFailure(value: unknown): value is RuntimeFailure {
  return typeof value === 'object' && value !== null && FAILURE in value
}

/** The call that failed, as `GenServer.call`'s exits tell it in Elixir. */
export interface CallInfo {
  readonly target: string
  readonly name: string
  readonly timeoutMs: number
}

/** There is no such actor: a dead pid or a name that nobody holds. */
export class NoProcess extends RuntimeFailure {
  readonly target: string
  readonly reason: ExitReason = NOPROC
  readonly call: CallInfo | undefined
  constructor(target: string, call?: CallInfo) {
    super('ERR_NO_PROCESS', `There is no actor ${target}: it has ended or was never started.`)
    this.target = target
    this.call = call
  }
}

/** No reply came in time; the server goes on and its late reply is dropped. */
export class CallTimeout extends RuntimeFailure {
  readonly pid: string
  readonly operation: string
  readonly timeoutMs: number
  readonly reason: ExitReason = TIMEOUT
  readonly call: CallInfo | undefined
  constructor(pid: string, operation: string, timeoutMs: number, call?: CallInfo) {
    super(
      'ERR_CALL_TIMEOUT',
      `${operation} to ${pid} got no reply within ${timeoutMs} ms. The actor is busy or stuck; give the call a larger timeoutMs or look at the actor's mailbox.`,
    )
    this.pid = pid
    this.operation = operation
    this.timeoutMs = timeoutMs
    this.call = call
  }
}

/** The actor died while the call was under way. */
export class ProcessDown extends RuntimeFailure {
  readonly pid: string
  readonly reason: ExitReason
  readonly call: CallInfo | undefined
  constructor(pid: string, reason: ExitReason, call?: CallInfo) {
    super(
      'ERR_PROCESS_DOWN',
      `${pid} ended before it replied: ${describeReason(reason)}`,
      'error' in reason ? { cause: reason.error } : undefined,
    )
    this.pid = pid
    this.reason = reason
    this.call = call
  }
}

/** An actor calls itself, which could never be answered. */
export class CallingSelf extends RuntimeFailure {
  readonly reason: ExitReason = { type: 'calling_self' }
  readonly call: CallInfo | undefined
  constructor(pid: Pid, call?: CallInfo) {
    super('ERR_CALLING_SELF', `${pid} calls itself and would wait for ever; use a plain function.`)
    this.call = call
  }
}

/** A child or server could not be started. */
export class StartFailed extends RuntimeFailure {
  readonly id: string
  /** `refused`: `init` returned `refuse(reason)`. */
  readonly why: 'threw' | 'exited' | 'timed-out' | 'refused'
  readonly reason: ExitReason
  constructor(id: string, why: StartFailed['why'], reason: ExitReason) {
    super(
      'ERR_START_FAILED',
      `${id} did not start (${why}): ${describeReason(reason)}`,
      'error' in reason ? { cause: reason.error } : undefined,
    )
    this.id = id
    this.why = why
    this.reason = reason
  }
}

/** The id or name is taken by a living actor. */
export class AlreadyStarted extends RuntimeFailure {
  readonly id: string
  readonly pid: string
  constructor(id: string, pid: string) {
    super('ERR_ALREADY_STARTED', `${id} is already running as ${pid}.`)
    this.id = id
    this.pid = pid
  }
}

/** What a supervisor refuses; `code` says which of OTP's errors it is. */
export type ChildErrorCode =
  | 'ERR_CHILD_NOT_FOUND'
  | 'ERR_CHILD_PRESENT'
  | 'ERR_CHILD_RUNNING'
  | 'ERR_CHILD_RESTARTING'
  | 'ERR_MAX_CHILDREN'
  | 'ERR_DYNAMIC_SUPERVISOR'

/** A supervisor cannot do with a child what it was asked for; it goes on. */
export class ChildError extends RuntimeFailure {
  readonly id: string
  constructor(code: ChildErrorCode, id: string, message: string) {
    super(code, message)
    this.id = id
  }
}

/** A task ended without a result. */
export class TaskExited extends RuntimeFailure {
  readonly pid: string
  readonly reason: ExitReason
  constructor(pid: string, reason: ExitReason) {
    super(
      'ERR_TASK_EXITED',
      `The task ${pid} ended without a result: ${describeReason(reason)}`,
      'error' in reason ? { cause: reason.error } : undefined,
    )
    this.pid = pid
    this.reason = reason
  }
}

/** The key of a registry is taken by a living actor, which may be the same. */
export class AlreadyRegistered extends RuntimeFailure {
  readonly registry: string
  readonly key: unknown
  readonly pid: string
  constructor(registry: string, key: unknown, pid: string) {
    super('ERR_ALREADY_REGISTERED', `registry '${registry}': ${printable(key)} belongs to ${pid}.`)
    this.registry = registry
    this.key = key
    this.pid = pid
  }
}

/** A message cannot be cloned to another thread; nothing was sent. */
export class NotSendable extends RuntimeFailure {
  readonly target: string
  constructor(target: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(
      'ERR_NOT_SENDABLE',
      `The message to ${target} cannot cross a thread: ${why} Send plain data; functions, symbols and handles stay behind.`,
      { cause },
    )
    this.target = target
  }
}

/** The actor's mailbox is full: the call was not taken, or was dropped for newer messages. */
export class MailboxFull extends RuntimeFailure {
  readonly pid: string
  readonly highWater: number
  readonly policy: string
  constructor(pid: string, highWater: number, policy: string) {
    super(
      'ERR_MAILBOX_FULL',
      `${pid} has ${highWater} messages waiting, which is all that it takes (policy '${policy}'). Call it later, or less often.`,
    )
    this.pid = pid
    this.highWater = highWater
    this.policy = policy
  }
}

/** A function that was handed to an actor to run there has failed; the actor goes on. */
export class CallbackFailed extends RuntimeFailure {
  constructor(what: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super('ERR_CALLBACK_FAILED', `${what}: the function failed and nothing was changed: ${why}`, {
      cause,
    })
  }
}

/** The runtime was stopped, or none was started in this thread. */
export class NotRunning extends RuntimeFailure {
  constructor(what: string) {
    super('ERR_NOT_RUNNING', `${what}: no runtime is running here. Call startRuntime() first.`)
  }
}

/** Thrown by `exit(reason)`: ends the actor with that reason unless it is caught. */
export class Exit extends RuntimeFailure {
  readonly reason: ExitReason
  constructor(reason: ExitReason) {
    super('ERR_EXIT', `exit: ${describeReason(reason)}`)
    this.reason = reason
  }
}

for (const failure of [
  RuntimeFailure,
  NoProcess,
  CallTimeout,
  ProcessDown,
  CallingSelf,
  StartFailed,
  AlreadyStarted,
  ChildError,
  TaskExited,
  AlreadyRegistered,
  NotSendable,
  MailboxFull,
  CallbackFailed,
  NotRunning,
  Exit,
]) {
  registerErrorClass(failure)
}
