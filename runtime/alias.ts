/** Names for the acting actor that can be taken back, for replies that may come too late. */

import { acting } from './current.ts'
import { checkKeys, checkOneOf } from './options.ts'
import { isRef, type Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { AliasMode } from './receiving.ts'
import { printable } from './wire.ts'

/** What a monitor can be besides a watch. */
export interface MonitorOptions {
  /**
   * The reference is an alias too: until `unalias` (`explicit_unalias`), as long as the monitor
   * (`demonitor`), or until its first message, which ends the monitor (`reply_demonitor`).
   */
  readonly alias?: 'explicit_unalias' | 'demonitor' | 'reply_demonitor'
  /** Its `DOWN`, and what comes through the alias with priority, goes before all other messages. */
  readonly priority?: boolean
}

/**
 * Makes a name to which anybody, in any thread, can `send`, as long as the acting actor wants.
 *
 * @param options `reply`: it ends with the first message. `priority`: what is sent to it with
 * `{ priority: true }` goes before all other messages, in the order of arrival.
 * @see OTP `erlang:alias/1`.
 */
export function alias(
  options: { readonly reply?: boolean; readonly priority?: boolean } = {},
): Ref {
  checkKeys('alias', options, ['reply', 'priority'])
  const { reply = false, priority = false } = options
  checkFlag('alias: reply', reply)
  checkFlag('alias: priority', priority)
  const { kernel, alive } = acting('alias')
  const ref = kernel.newRef()
  if (!alive) return ref
  kernel.receiving.addAlias(acting('alias'), ref, reply ? 'reply' : 'explicit_unalias', priority)
  return ref
}

/** Ends an alias: what is sent to it from now on is dropped. False: it was none any more. */
export function unalias(ref: Ref): boolean {
  if (!isRef(ref)) {
    throw new TypeError(`unalias: expected what alias() returned, got ${printable(ref)}.`)
  }
  const own = acting('unalias')
  return own.kernel.receiving.dropAlias(own, ref)
}

/** @throws {TypeError} Not the options of a monitor. */
export function checkMonitor(what: string, options: MonitorOptions): void {
  checkKeys(what, options, ['alias', 'priority'])
  if (options.alias !== undefined) {
    const modes: readonly AliasMode[] = ['explicit_unalias', 'demonitor', 'reply_demonitor']
    checkOneOf(`${what}: alias`, options.alias, modes)
  }
  if (options.priority !== undefined) checkFlag(`${what}: priority`, options.priority)
}

/** Notes what a new monitor is besides a watch. */
export function noteMonitor(process: Process, ref: Ref, options: MonitorOptions): void {
  const { receiving } = process.kernel
  const { alias: mode, priority = false } = options
  if (mode) receiving.addAlias(process, ref, mode, priority)
  if (priority) receiving.addPriorityMonitor(process, ref)
}

export function checkFlag(what: string, on: unknown): void {
  if (typeof on === 'boolean') return
  throw new TypeError(`${what}: expected true or false, got ${printable(on)}.`)
}
