/**
 * Looking into an actor that runs, in the manner of OTP's `sys`. Every question is a message in the
 * actor's mailbox, so it is answered between two others and never disturbs a handler; a halted
 * actor still answers.
 */

import { type CallOptions, call } from './call.ts'
import { type BodyDefinition, isDefinition } from './definition.ts'
import { ProcessDown } from './errors.ts'
import { type ExitReason, isExitReason, sendableReason } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid } from './pid.ts'
import type { RegistryName } from './registry-name.ts'
import { SYSTEM_CALL } from './signal.ts'
import { special } from './special-process.ts'
import type { SystemEvent, SystemStatistics } from './system-debug.ts'
import type { SystemFunction, SystemRequest } from './system-request.ts'
import { printable } from './wire.ts'

/** An actor by pid, name or handle. */
export type SystemTarget =
  | Pid
  | string
  | RegistryName
  | { readonly target: Pid | string | RegistryName }

/** `timeoutMs`: milliseconds to wait, default 5000; also how long a busy actor may go on. */
export type SystemOptions = Pick<CallOptions, 'timeoutMs' | 'signal'>

/** A function of the actor's thread; for another thread what `actor(import.meta, …)` returned. */
export type RunsThere<Args, Value> =
  | ((args: Args) => Value | Promise<Value>)
  | BodyDefinition<Args, Value>

/** What a spy gets; it returns its next state, or `'done'` to be removed. */
export interface SpyArgs {
  readonly state: unknown
  readonly event: SystemEvent
  /** The definition's name. */
  readonly name: string
}

/** What {@link sys}`.getStatus` tells. */
export interface SystemStatus {
  readonly pid: Pid
  readonly name: string | undefined
  /** The definition's name. */
  readonly definition: string
  readonly status: 'running' | 'suspended'
  readonly parent: Pid | undefined
  /** What of log, trace, statistics, log-to-file and spies is on. */
  readonly debug: readonly string[]
  readonly log: readonly SystemEvent[] | undefined
  /** As the server's `formatStatus` shows it. */
  readonly state: unknown
}

/**
 * All of these wait for the answer and reject as a call does: {@link NoProcess}, {@link ProcessDown},
 * {@link CallTimeout} (5000 ms), and `ERR_CALLING_SELF`. An actor that is a function answers only if
 * it uses {@link special}.
 */
export const sys = {
  /** The state. Within a thread it is the state itself: do not change it. */
  getState: (target: SystemTarget, options?: SystemOptions): Promise<unknown> =>
    ask('getState', target, { op: 'get-state' }, options),
  /**
   * Replaces the state by what the function makes of it, in the actor.
   *
   * @param change For an actor of another thread what `actor(import.meta, …)` returned.
   * @returns The new state.
   * @throws {RuntimeFailure} `ERR_CALLBACK_FAILED`: the function failed; the state is unchanged.
   */
  replaceState: <State>(
    target: SystemTarget,
    change: RunsThere<State, State>,
    options?: SystemOptions,
  ): Promise<unknown> =>
    ask(
      'replaceState',
      target,
      { op: 'replace-state', change: sendable('replaceState', change) },
      options,
    ),
  getStatus,
  /** Halts it: messages wait until it goes on. Harmless when it is halted already. */
  suspend: (target: SystemTarget, options?: SystemOptions): Promise<void> =>
    act('suspend', target, { op: 'suspend' }, options),
  /** Lets it go on. */
  resume: (target: SystemTarget, options?: SystemOptions): Promise<void> =>
    act('resume', target, { op: 'resume' }, options),
  terminate,
  /** Turns counting on or off. */
  statistics,
  log,
  /** Prints every message and reply to the standard output of the process. */
  trace: (target: SystemTarget, on: boolean, options?: SystemOptions): Promise<void> =>
    act('trace', target, { op: 'trace', on: checkedFlag('trace', on) }, options),
  /** Appends every message and reply to a file, a line each; `false` ends that. */
  logToFile: (target: SystemTarget, path: string | false, options?: SystemOptions): Promise<void> =>
    act('logToFile', target, { op: 'log-to-file', path: checkedPath(path) }, options),
  install,
  /** Removes a spy, by its id or by what it is. */
  remove: (
    target: SystemTarget,
    spy: string | RunsThere<SpyArgs, unknown>,
    options?: SystemOptions,
  ): Promise<void> => {
    const id = typeof spy === 'string' ? spy : sendable('remove', spy)
    return act('remove', target, { op: 'remove', id }, options)
  },
  /** Turns off all of trace, log, statistics, file and spies. */
  noDebug: (target: SystemTarget, options?: SystemOptions): Promise<void> =>
    act('noDebug', target, { op: 'no-debug' }, options),
  special,
}

async function getStatus(target: SystemTarget, options?: SystemOptions): Promise<SystemStatus> {
  const status = await ask('getStatus', target, { op: 'get-status' }, options)
  if (isStatus(status)) return status
  throw new TypeError(`sys.getStatus: expected a status, got ${printable(status)}.`)
}

/** Ends it with this reason, after its `terminate`; rejects if it ended with another. */
async function terminate(
  target: SystemTarget,
  reason: ExitReason,
  options?: SystemOptions,
): Promise<void> {
  if (!isExitReason(reason)) {
    throw new TypeError(`sys.terminate: expected a reason { type: … }, got ${printable(reason)}.`)
  }
  const request: SystemRequest = { op: 'terminate', reason: sendableReason(reason) }
  const outcome = await ask('terminate', target, request, options).catch((error: unknown) => error)
  if (!(outcome instanceof ProcessDown) || outcome.reason.type !== reason.type) throw outcome
}

/** Turns counting on or off, or reads the counts; `no_statistics` while it is off. */
function statistics(target: SystemTarget, how: boolean, options?: SystemOptions): Promise<void>
function statistics(
  target: SystemTarget,
  how: 'get',
  options?: SystemOptions,
): Promise<SystemStatistics | 'no_statistics'>
function statistics(
  target: SystemTarget,
  how: boolean | 'get',
  options?: SystemOptions,
): Promise<unknown> {
  if (how !== 'get') checkedFlag('statistics', how)
  return ask('statistics', target, { op: 'statistics', how }, options)
}

/**
 * Keeps the last messages and replies (10, or `size`), reads them (oldest first), prints them to the
 * standard output, or forgets them.
 */
function log(
  target: SystemTarget,
  how: boolean | 'print' | { readonly size: number },
  options?: SystemOptions,
): Promise<void>
function log(
  target: SystemTarget,
  how: 'get',
  options?: SystemOptions,
): Promise<readonly SystemEvent[]>
function log(
  target: SystemTarget,
  how: boolean | 'get' | 'print' | { readonly size: number },
  options?: SystemOptions,
): Promise<unknown> {
  if (typeof how === 'object') {
    checkKeys('sys.log', how, ['size'])
    checkNumber('sys.log: size', how.size, { min: 1, max: 100_000, integer: true })
  } else if (how !== 'get' && how !== 'print') checkedFlag('log', how)
  return ask('log', target, { op: 'log', how }, options)
}

/**
 * Has a function of yours see every message and reply, in the actor. One that fails is removed.
 *
 * @param spy.id Told apart by this; a second one of the same id (or the same function) is ignored.
 * @param spy.run For an actor of another thread what `actor(import.meta, …)` returned.
 */
async function install(
  target: SystemTarget,
  spy: {
    readonly run: RunsThere<SpyArgs, unknown>
    readonly id?: string
    readonly state?: unknown
  },
  options?: SystemOptions,
): Promise<void> {
  checkKeys('sys.install', spy, ['run', 'id', 'state'])
  const { id, run, state } = spy
  await act('install', target, { op: 'install', id, spy: sendable('install', run), state }, options)
}

async function act(
  what: string,
  target: SystemTarget,
  request: SystemRequest,
  options?: SystemOptions,
): Promise<void> {
  await ask(what, target, request, options)
}

async function ask(
  what: string,
  target: SystemTarget,
  request: SystemRequest,
  options: SystemOptions = {},
): Promise<unknown> {
  checkKeys(`sys.${what}`, options, ['timeoutMs', 'signal'])
  const to = typeof target === 'object' && 'target' in target ? target.target : target
  return call(to, SYSTEM_CALL, request, options)
}

/** A definition goes as its address; a function stays in its thread. */
function sendable<Args, Value>(what: string, given: RunsThere<Args, Value>): SystemFunction {
  if (isDefinition(given) && 'run' in given) return given.address
  if (isFunction(given)) return given
  throw new TypeError(
    `sys.${what}: expected a function or what actor() returned, got ${printable(given)}.`,
  )
}

function isFunction(value: unknown): value is (args: unknown) => unknown {
  return typeof value === 'function'
}

function checkedFlag(what: string, on: boolean): boolean {
  if (typeof on === 'boolean') return on
  throw new TypeError(`sys.${what}: expected true or false, got ${printable(on)}.`)
}

function checkedPath(path: string | false): string | false {
  if (path === false || (typeof path === 'string' && path.length > 0)) return path
  throw new TypeError(`sys.logToFile: expected a path or false, got ${printable(path)}.`)
}

function isStatus(value: unknown): value is SystemStatus {
  return typeof value === 'object' && value !== null && 'definition' in value && 'status' in value
}
