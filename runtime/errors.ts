import { describeReason, type ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import { printable } from './wire.ts'

const FAILURE = Symbol.for('nodelens.failure')

/** What all failures of the runtime have in common; told apart by `code`. */
export class RuntimeFailure extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, FAILURE, { value: true })
  }
  override get name(): string {
    return this.constructor.name
  }
}

/** True for a failure of any copy of this runtime, in any thread's realm. */
export function isRuntimeFailure(value: unknown): value is RuntimeFailure {
  return typeof value === 'object' && value !== null && FAILURE in value
}

/** There is no such actor: a dead pid or a name that nobody holds. */
export class NoProcess extends RuntimeFailure {
  readonly target: string
  constructor(target: string) {
    super('ERR_NO_PROCESS', `There is no actor ${target}: it has ended or was never started.`)
    this.target = target
  }
}

/** No reply came in time; the server goes on and its late reply is dropped. */
export class CallTimeout extends RuntimeFailure {
  readonly pid: string
  readonly operation: string
  readonly timeoutMs: number
  constructor(pid: string, operation: string, timeoutMs: number) {
    super(
      'ERR_CALL_TIMEOUT',
      `${operation} to ${pid} got no reply within ${timeoutMs} ms. The actor is busy or stuck; give the call a larger timeoutMs or look at the actor's mailbox.`,
    )
    this.pid = pid
    this.operation = operation
    this.timeoutMs = timeoutMs
  }
}

/** The actor died while the call was under way. */
export class ProcessDown extends RuntimeFailure {
  readonly pid: string
  readonly reason: ExitReason
  constructor(pid: string, reason: ExitReason) {
    super(
      'ERR_PROCESS_DOWN',
      `${pid} ended before it replied: ${describeReason(reason)}`,
      'error' in reason ? { cause: reason.error } : undefined,
    )
    this.pid = pid
    this.reason = reason
  }
}

/** An actor calls itself, which could never be answered. */
export class CallingSelf extends RuntimeFailure {
  constructor(pid: Pid) {
    super('ERR_CALLING_SELF', `${pid} calls itself and would wait for ever; use a plain function.`)
  }
}

/** A child or server could not be started. */
export class StartFailed extends RuntimeFailure {
  readonly id: string
  readonly why: 'threw' | 'exited' | 'timed-out'
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
