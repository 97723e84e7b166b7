/**
 * What an actor (or plain code, which acts as its thread's main actor) can do to others. All of it
 * is synchronous and none of it waits; what a dead actor's leftover code asks for does nothing.
 */

import type { Transferable } from 'node:worker_threads'
import { checkFlag, checkMonitor, type MonitorOptions, noteMonitor } from './alias.ts'
import { acting, actingKernel } from './current.ts'
import { type CallInfo, Exit, NoProcess } from './errors.ts'
import { type ExitReason, isExitReason, NOPROC, sendableReason } from './exit-reason.ts'
import { Inbox } from './inbox.ts'
import { checkKeys, checkName, checkNumber } from './options.ts'
import { isPid, isRef, type Pid, type Ref } from './pid.ts'
import type { Process } from './process.ts'
import { isDownMessage } from './signal.ts'
import { printable } from './wire.ts'

/** The pid of the actor that runs; outside of actors that of the thread's main actor. */
export function self(): Pid {
  return acting('self()').pid
}

export interface SendOptions {
  readonly transfer?: readonly Transferable[]
  /** Before all ordinary messages, if the target is an alias that was made for it. Default false. */
  readonly priority?: boolean
}

/** The first character of a reference. */
const REF_MARK = '#'.charCodeAt(0)

/**
 * Sends a message and goes on. A dead pid swallows it; one sender's messages arrive in the order
 * sent. Within a thread the message is passed as it is (do not change it afterwards); between
 * threads it is cloned. What is sent to an alias that has ended is dropped.
 *
 * @throws {NoProcess} Nobody has that name.
 * @throws {NotSendable} It cannot be cloned to the other thread; nothing was sent.
 */
export function send(target: Pid | string | Ref, message: unknown, options?: SendOptions): void {
  const sender = acting('send')
  if (!sender.alive) return
  const { kernel } = sender
  const receiver = options === undefined ? kernel.here(target) : undefined
  if (receiver) return receiver.accept(message)
  if (target.charCodeAt?.(0) === REF_MARK && isRef(target)) {
    return sender.kernel.sendToAlias(target, message, options?.priority, options?.transfer)
  }
  kernel.sendMessage(resolve(sender, target), message, options?.transfer)
}

/**
 * Waits for the oldest message that matches; the others keep their places.
 *
 * @param timeoutMs Milliseconds to wait; 0 only looks. Default: for ever.
 * @returns The message, or `undefined` when the time is over.
 * @throws {RangeError} A negative time.
 */
export function receive<Message = unknown>(
  matches?: ((message: unknown) => message is Message) | ((message: unknown) => boolean),
  options?: { readonly timeoutMs?: number },
): Promise<Message | undefined>
export function receive(
  matches?: (message: unknown) => boolean,
  options: { readonly timeoutMs?: number } = FOR_EVER,
): Promise<unknown> {
  try {
    if (options !== FOR_EVER) checkReceive(options)
    const process = acting('receive')
    if (!process.alive) return never()
    if (process.behaviour instanceof Inbox) {
      return process.behaviour.receive(process, matches, options.timeoutMs)
    }
    throw new TypeError(
      'receive: a server gets its messages in its handlers; return and wait there.',
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

const FOR_EVER = Object.freeze({})

function checkReceive(options: { readonly timeoutMs?: number }): void {
  checkKeys('receive', options, ['timeoutMs'])
  checkNumber('receive: timeoutMs', options.timeoutMs ?? Number.POSITIVE_INFINITY)
}

/**
 * Links the acting actor and `pid`: the abnormal end of one ends the other.
 *
 * @param options `priority`: to one that traps exits its `EXIT` goes before all other messages.
 */
export function link(pid: Pid, options: { readonly priority?: boolean } = {}): true {
  checkKeys('link', options, ['priority'])
  const { priority = false } = options
  checkFlag('link: priority', priority)
  const process = acting('link')
  checkPid('link', pid)
  if (priority && pid !== process.pid && process.alive) {
    process.kernel.receiving.addPriorityLink(process, pid)
  }
  if (pid === process.pid || !process.alive || process.hasLink(pid)) return true
  const { kernel } = process
  if (!process.trapExit && kernel.isDead(pid)) throw new NoProcess(pid)
  process.addLink(pid)
  kernel.send({ type: 'link', to: pid, from: process.pid })
  return true
}

/** Removes the link on both sides; no exit signal of `pid` has an effect afterwards. */
export function unlink(pid: Pid): true {
  const process = acting('unlink')
  checkPid('unlink', pid)
  process.kernel.receiving.unlinked(process, pid)
  if (process.removeLink(pid)) {
    process.kernel.send({ type: 'unlink', to: pid, from: process.pid })
  }
  return true
}

/**
 * Watches an actor: its end arrives as one `DOWN` message, after all that it had sent. For the
 * dead and for unknown names that is at once, with reason `noproc`.
 */
export function monitor(target: Pid | string, options: MonitorOptions = {}): Ref {
  checkMonitor('monitor', options)
  const process = acting('monitor')
  const name = isPid(target) ? undefined : checkedName('monitor', target)
  const pid = name === undefined ? asPid('monitor', target) : process.kernel.names.lookup(name)
  const ref = process.kernel.newRef()
  if (!process.alive) return ref
  noteMonitor(process, ref, options)
  if (pid === process.pid) return ref
  if (!pid) {
    process.kernel.receiving.unmonitored(process, ref)
    process.push({ type: 'DOWN', ref, pid: target, reason: NOPROC })
    return ref
  }
  process.monitors.set(ref, { target: pid, ...(name === undefined ? {} : { name }) })
  process.kernel.send({ type: 'monitor', to: pid, from: process.pid, ref })
  return ref
}

/**
 * Ends a monitor of the acting actor.
 *
 * @param flush Also removes a `DOWN` that is already in the mailbox.
 * @param info Returns whether the monitor was still there; otherwise always true.
 */
export function demonitor(
  ref: Ref,
  options: { readonly flush?: boolean; readonly info?: boolean } = {},
): boolean {
  checkKeys('demonitor', options, ['flush', 'info'])
  if (!isRef(ref)) {
    throw new TypeError(`demonitor: expected what monitor() returned, got ${printable(ref)}.`)
  }
  const process = acting('demonitor')
  const own = process.monitors.get(ref)
  process.kernel.receiving.unmonitored(process, ref)
  if (own) {
    process.monitors.delete(ref)
    process.kernel.send({ type: 'demonitor', to: own.target, from: process.pid, ref })
  } else if (options.flush) {
    flushDown(process, ref)
  }
  return options.info ? own !== undefined : true
}

/** Ends the acting actor with this reason, as an exception: it can be caught. */
export function exit(reason: ExitReason): never
/**
 * Sends an exit signal. `{ type: 'kill' }` cannot be trapped; `normal` is ignored by others; to
 * one that traps exits any other is a message `{ type: 'EXIT', pid, reason }`.
 */
export function exit(pid: Pid, reason: ExitReason): void
export function exit(target: Pid | ExitReason, reason?: ExitReason): void {
  if (reason === undefined) {
    if (isExitReason(target)) throw new Exit(target)
    throw new TypeError(`exit: expected a reason { type: … }, got ${printable(target)}.`)
  }
  const to = asPid('exit', target)
  if (!isExitReason(reason)) {
    throw new TypeError(`exit: expected a reason { type: … }, got ${printable(reason)}.`)
  }
  const process = acting('exit')
  if (!process.alive) return
  sendExit(process, to, sendableReason(reason))
  if (!process.alive) throw new Exit(reason)
}

/** Whether the acting actor gets exits as messages; returns what it was before. */
export function trapExit(on: boolean): boolean {
  if (typeof on !== 'boolean') {
    throw new TypeError(`trapExit: expected true or false, got ${printable(on)}.`)
  }
  const process = acting('trapExit')
  const before = process.trapExit
  process.trapExit = on
  return before
}

/**
 * Gives an actor a name that every thread of the runtime sees at once. It is free again before
 * anybody hears of the actor's death.
 *
 * @throws {TypeError} The name is taken, the pid is dead, or either is of the wrong type.
 */
export function register(name: string, pid: Pid): true {
  checkName('register: name', name)
  const { kernel, alive } = acting('register')
  if (!alive) return true
  const process = kernel.isLocal(asPid('register', pid)) ? kernel.find(pid) : undefined
  if (kernel.isLocal(pid) && !process) {
    throw new TypeError(`register('${name}'): ${pid} is dead.`)
  }
  if (!process)
    throw new TypeError(`register('${name}'): ${pid} lives in another thread; register there.`)
  if (process.name !== undefined) {
    throw new TypeError(`register('${name}'): ${pid} already has the name '${process.name}'.`)
  }
  const taken = kernel.names.take(name, pid)
  if (typeof taken === 'string') {
    throw new TypeError(`register('${name}'): the name belongs to ${taken}.`)
  }
  process.hold = taken
  return true
}

/** Frees a name; its holder lives on. @throws {TypeError} Nobody has it. */
export function unregister(name: string): true {
  checkName('unregister: name', name)
  const { kernel, alive } = acting('unregister')
  if (!alive) return true
  if (kernel.names.release(name)) return true
  throw new TypeError(`unregister: nobody is called '${name}'.`)
}

/** The pid that has this name, in whatever thread; `undefined` if nobody has it. A pid is itself. */
export function whereis(name: Pid | string): Pid | undefined {
  if (isPid(name)) return name
  checkName('whereis: name', name)
  return actingKernel('whereis').names.lookup(name)
}

export function sendExit(from: Process, to: Pid, reason: ExitReason): void {
  const { kernel } = from
  kernel.send({ type: 'exit', to, from: from.pid, reason, link: false })
  if (reason.type === 'kill' && !kernel.isLocal(to)) kernel.control({ type: 'kill', pid: to })
}

/** @throws {NoProcess} A name that nobody has. */
export function resolve(process: Process, target: Pid | string, call?: CallInfo): Pid {
  if (isPid(target)) return target
  const pid = process.kernel.names.lookup(checkedName('target', target))
  if (!pid) throw new NoProcess(target, call)
  return pid
}

function flushDown(process: Process, ref: Ref): void {
  process.discard((message) => isDownMessage(message) && message.ref === ref)
}

function asPid(what: string, value: unknown): Pid {
  if (isPid(value)) return value
  throw new TypeError(`${what}: expected a pid such as '<0.7>', got ${printable(value)}.`)
}

function checkPid(what: string, value: unknown): void {
  asPid(what, value)
}

function checkedName(what: string, name: string): string {
  checkName(`${what}: name or pid`, name)
  return name
}

function never(): Promise<never> {
  return new Promise(() => {})
}
