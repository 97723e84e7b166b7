/** What can be asked of a living actor, in whatever thread; its own code is not disturbed. */

import { BoundedProcess } from './bounded-process.ts'
import { type CallOptions, DEFAULT_CALL_MS, request } from './call.ts'
import { currentProcess } from './context.ts'
import { acting } from './current.ts'
import { NoProcess, ProcessDown } from './errors.ts'
import type { LocalWait } from './local-wait.ts'
import { checkKeys, checkNumber, checkOneOf } from './options.ts'
import { isPid, makePid, type Pid, ROOT_THREAD } from './pid.ts'
import type { CurrentFunction, Process, ProcessStatus } from './process.ts'
import { CallRequest, type InfoKey, type Signal } from './signal.ts'
import { printable, toCloneable } from './wire.ts'

/** @see OTP `erlang:process_info/2`; `handled` stands in for reductions. */
export interface ProcessInfo {
  readonly registeredName: string | undefined
  readonly label: string | undefined
  /** `running` from the first line of a handler to its last `await`; asking does not change it. */
  readonly status: ProcessStatus
  readonly messageQueueLength: number
  /** In the order of arrival; calls and casts as `{ type: '$call' | '$cast', name, payload }`. */
  readonly messages: readonly unknown[]
  readonly links: readonly Pid[]
  /** A monitor that was set on a name is listed by its name. */
  readonly monitors: readonly (Pid | string)[]
  /** Once per monitor; who waits for a reply of the actor monitors it too. */
  readonly monitoredBy: readonly Pid[]
  readonly trapExit: boolean
  /** Who started it; `undefined` for the actor that stands for plain code. */
  readonly parent: Pid | undefined
  readonly ancestors: readonly Pid[]
  readonly initialCall: string | undefined
  /** Messages handled so far; stands for reductions. */
  readonly handled: number
  /** Messages handled a second, since the last time that this was asked, at least a second ago. */
  readonly messagesPerSecond: number
  /**
   * Milliseconds that its handlers have held the thread while {@link meter} was on. What an `async`
   * handler does after its first `await`, and what a function that is an actor does, is not in it.
   */
  readonly busyMs: number
  /** The handler that it waits for, `init`, `terminate`, or the function that it is, if that runs. */
  readonly currentFunction: CurrentFunction | undefined
  /** Messages that a full mailbox has dropped or refused. */
  readonly dropped: number
  /** Whether it has an alias, link or monitor with priority. */
  readonly priorityMessages: boolean
  /** Callers that wait for a place in its mailbox (policy `block`). */
  readonly waitingCallers: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

const READERS: { readonly [Key in InfoKey]: (process: Process) => ProcessInfo[Key] } = {
  registeredName: ({ name }) => name,
  label: ({ label }) => label,
  status: (process) => (currentProcess() === process ? 'running' : process.status),
  messageQueueLength: ({ mailbox }) => mailbox.size,
  messages: ({ mailbox }) => mailbox.toArray().map((message) => toCloneable(shown(message))),
  links: (process) => [...process.currentLinks],
  monitors: (process) => {
    const monitored: (Pid | string)[] = []
    process.eachMonitor(({ target, name }) => monitored.push(name ?? target))
    return monitored
  },
  monitoredBy: (process) => [...watchersOf(process), ...pidsOf(process.waiting)],
  trapExit: ({ trapExit }) => trapExit,
  parent: ({ parent }) => parent,
  ancestors: ({ ancestors }) => ancestors,
  initialCall: ({ initialCall }) => initialCall,
  handled: ({ handled }) => handled,
  messagesPerSecond: (process) => process.kernel.meter.rate(process),
  busyMs: (process) => process.kernel.meter.busyMs(process),
  currentFunction: (process) => process.behaviour?.current?.(process),
  dropped: (process) => (process instanceof BoundedProcess ? process.dropped : 0),
  priorityMessages: (process) => process.kernel.receiving.hasPriority(process),
  waitingCallers: (process) => (process instanceof BoundedProcess ? process.waitingCallers : 0),
  startedAt: ({ startedAt }) => startedAt,
}
const KEYS = Object.keys(READERS)

function watchersOf(process: Process): Pid[] {
  const pids: Pid[] = []
  process.eachWatcher((pid) => pids.push(pid))
  return pids
}

function pidsOf(waiting: LocalWait | undefined): readonly Pid[] {
  const pids: Pid[] = []
  for (let one = waiting; one; one = one.next) if (one.isOwnEntry) pids.push(one.pid)
  return pids
}

/** A call with its caller. */
function shown(message: unknown): unknown {
  if (!(message instanceof CallRequest)) return message
  const { type, from, name, payload } = message
  return { type, from, name, payload }
}

/** What the kernel answers to an `info` signal. */
export function readInfo(process: Process, keys: readonly InfoKey[]): object {
  return Object.fromEntries(keys.map((key) => [key, READERS[key](process)]))
}

/**
 * Asks what an actor is about. The question is a signal: it is answered after all that the asker
 * has sent before, by the actor's thread, also while the actor itself waits for something.
 *
 * @param keys One key or several. Default: all but `messages`.
 * @returns The values by key; `undefined` for the dead.
 * @throws {TypeError} Not a pid; an unknown key.
 * @throws {CallTimeout} The actor's thread did not answer in time (5000 ms unless said otherwise).
 */
export function processInfo<Key extends InfoKey = Exclude<InfoKey, 'messages'>>(
  pid: Pid,
  keys?: Key | readonly Key[],
  options?: CallOptions,
): Promise<Pick<ProcessInfo, Key> | undefined>
export async function processInfo(
  pid: Pid,
  keys: InfoKey | readonly InfoKey[] = defaultKeys(),
  options: CallOptions = {},
): Promise<unknown> {
  const asked = typeof keys === 'string' ? [keys] : keys
  for (const key of asked) checkOneOf('processInfo: key', key, KEYS)
  return askOfPid('processInfo', pid, asked, options)
}

/** Whether an actor lives; no sooner false than all that it held is free. */
export async function isAlive(pid: Pid, options: CallOptions = {}): Promise<boolean> {
  return (await askOfPid('isAlive', pid, [], options)) !== undefined
}

/** Gives the acting actor a label for people: trees and logs show it. Need not be unique. */
export function setLabel(label: string): void {
  if (typeof label !== 'string') {
    throw new TypeError(`setLabel: expected a string, got ${printable(label)}.`)
  }
  acting('setLabel').label = label
}

/** An actor's label; `undefined` if it has none or is dead. Default: the acting actor's. */
export async function getLabel(pid?: Pid): Promise<string | undefined> {
  const info = await processInfo(pid ?? acting('getLabel').pid, 'label')
  return info?.label
}

/**
 * All actors of the runtime, in all threads: every one that lived during the whole call, none
 * that was dead before, each once.
 *
 * @throws {CallTimeout} A thread did not answer in time (5000 ms unless said otherwise).
 */
export async function processes(options: CallOptions = {}): Promise<readonly Pid[]> {
  checkOptions('processes', options)
  const threads = await census(ROOT_THREAD, 'threads', options)
  const pids = await Promise.all(threads.map((thread) => census(Number(thread), 'actors', options)))
  return pids.flat().filter(isPid)
}

async function census(
  thread: number,
  of: 'threads' | 'actors',
  options: CallOptions,
): Promise<readonly unknown[]> {
  const list = await ask(makePid(thread, 0), `census of ${of}`, options, (rest) => ({
    type: 'census',
    of,
    ...rest,
  }))
  return Array.isArray(list) ? list : []
}

async function askOfPid(
  what: string,
  pid: Pid,
  keys: readonly InfoKey[],
  options: CallOptions,
): Promise<unknown> {
  if (!isPid(pid)) {
    throw new TypeError(`${what}: expected a pid such as '<0.7>', got ${printable(pid)}.`)
  }
  checkOptions(what, options)
  return ask(pid, what, options, (rest) => ({ type: 'info', keys, ...rest }))
}

type Question = Pick<Extract<Signal, { type: 'info' }>, 'to' | 'from' | 'ref'>

/** Asks the thread of `to`; who is gone with its thread answers `undefined` too. */
async function ask(
  to: Pid,
  what: string,
  { timeoutMs = DEFAULT_CALL_MS, signal }: CallOptions,
  question: (rest: Question) => Signal,
): Promise<unknown> {
  const own = acting(what)
  signal?.throwIfAborted()
  try {
    const info = { target: to, name: what, timeoutMs }
    return await request(own, to, info, { signal }, (ref) =>
      own.kernel.send(question({ to, from: own.pid, ref })),
    )
  } catch (error) {
    if (error instanceof NoProcess || error instanceof ProcessDown) return undefined
    throw error
  }
}

function checkOptions(what: string, options: CallOptions): void {
  checkKeys(what, options, ['timeoutMs', 'signal'])
  if (options.timeoutMs !== undefined) checkNumber(`${what}: timeoutMs`, options.timeoutMs)
}

function defaultKeys(): readonly InfoKey[] {
  return Object.keys(READERS)
    .filter(isInfoKey)
    .filter((key) => key !== 'messages')
}

function isInfoKey(key: string): key is InfoKey {
  return KEYS.includes(key)
}
