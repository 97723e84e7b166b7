/** What is noted of an actor's traffic while somebody wants it: log, counts, trace, file, spies. */

import { closeSync, openSync, writeSync } from 'node:fs'
import type { ErasedBody } from './definition.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { CallRequest, CastRequest } from './signal.ts'
import { printable } from './wire.ts'

/** One message that came in, or one reply that went out; `at` in epoch milliseconds. */
export type SystemEvent =
  | {
      readonly type: 'in'
      readonly at: number
      /** Calls and casts as `{ type: '$call' | '$cast', name, payload }`. */
      readonly message: unknown
      /** Who waits for the reply, of a call. */
      readonly from?: Pid
    }
  | { readonly type: 'out'; readonly at: number; readonly to: Pid; readonly message: unknown }

/** What {@link SystemDebug.statistics} counts since it was turned on. */
export interface SystemStatistics {
  /** Epoch milliseconds. */
  readonly startTime: number
  /** Epoch milliseconds. */
  readonly currentTime: number
  readonly messagesIn: number
  readonly messagesOut: number
  /** Messages handled in that time, system messages too; stands for reductions. */
  readonly handled: number
}

/** OTP's size of the log, events. */
export const DEFAULT_LOG_SIZE = 10
const STDOUT = 1

interface Counts {
  readonly since: number
  readonly handledBefore: number
  in: number
  out: number
}

interface Spy {
  readonly run: ErasedBody
  state: unknown
}

export class SystemDebug {
  readonly #process: Process
  readonly #name: string
  readonly #spies = new Map<unknown, Spy>()
  #log: SystemEvent[] | undefined
  #logSize = DEFAULT_LOG_SIZE
  #counts: Counts | undefined
  #traces = false
  #file: number | undefined

  constructor(process: Process, name: string) {
    this.#process = process
    this.#name = name
  }

  /** Whether anything is to be noted. */
  get on(): boolean {
    const { size } = this.#spies
    return this.#traces || size > 0 || Boolean(this.#log ?? this.#counts ?? this.#file)
  }

  /** The logged events, oldest first; `undefined` while there is no log. */
  get log(): readonly SystemEvent[] | undefined {
    return this.#log && [...this.#log]
  }

  /** What is turned on, in words. */
  get modes(): readonly string[] {
    return [
      ...(this.#traces ? ['trace'] : []),
      ...(this.#log ? ['log'] : []),
      ...(this.#counts ? ['statistics'] : []),
      ...(this.#file === undefined ? [] : ['log-to-file']),
      ...[...this.#spies.keys()].map((id) => `spy ${typeof id === 'string' ? id : 'function'}`),
    ]
  }

  setLog(size: number | undefined): void {
    this.#log = size === undefined ? undefined : (this.#log ?? []).slice(-size)
    this.#logSize = size ?? DEFAULT_LOG_SIZE
  }

  printLog(): void {
    for (const event of this.#log ?? []) print(STDOUT, this.#lineOf(event))
  }

  setTrace(on: boolean): void {
    this.#traces = on
  }

  /** @throws {Error} The file cannot be opened. */
  setFile(path: string | undefined): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
    if (path !== undefined) this.#file = openSync(path, 'a')
  }

  setStatistics(on: boolean): void {
    const { handled: handledBefore } = this.#process
    this.#counts = on ? { since: Date.now(), handledBefore, in: 0, out: 0 } : undefined
  }

  /** `no_statistics` while they are off. */
  statistics(): SystemStatistics | 'no_statistics' {
    if (!this.#counts) return 'no_statistics'
    const { since: startTime, handledBefore, in: messagesIn, out: messagesOut } = this.#counts
    const handled = this.#process.handled - handledBefore
    return { startTime, currentTime: Date.now(), messagesIn, messagesOut, handled }
  }

  /** A spy that is there already stays as it is. */
  install(id: unknown, run: ErasedBody, state: unknown): void {
    if (!this.#spies.has(id)) this.#spies.set(id, { run, state })
  }

  remove(id: unknown): void {
    this.#spies.delete(id)
  }

  /** Turns all of it off. */
  close(): void {
    this.#spies.clear()
    this.setLog(undefined)
    this.setStatistics(false)
    this.setTrace(false)
    this.setFile(undefined)
  }

  cameIn(entry: unknown): void {
    const isCall = entry instanceof CallRequest
    this.#note({
      type: 'in',
      at: Date.now(),
      message: plainMessage(entry),
      ...(isCall ? { from: entry.asker.pid } : {}),
    })
  }

  wentOut(to: Pid, message: unknown): void {
    this.#note({ type: 'out', at: Date.now(), to, message })
  }

  #note(event: SystemEvent): void {
    if (this.#counts) this.#counts[event.type]++
    if (this.#log) {
      this.#log.push(event)
      if (this.#log.length > this.#logSize) this.#log.shift()
    }
    if (this.#traces) print(STDOUT, this.#lineOf(event))
    if (this.#file !== undefined) print(this.#file, this.#lineOf(event))
    for (const [id, spy] of this.#spies) this.#tell(id, spy, event)
  }

  /** A spy that fails is removed, as in OTP: looking must not harm the actor. */
  #tell(id: unknown, spy: Spy, event: SystemEvent): void {
    try {
      const next = spy.run({ state: spy.state, event, name: this.#name })
      if (next === 'done') this.#spies.delete(id)
      else spy.state = next
    } catch {
      this.#spies.delete(id)
    }
  }

  /** As OTP prints it. */
  #lineOf(event: SystemEvent): string {
    const name = this.#process.name ?? this.#name
    if (event.type === 'out') return `*DBG* ${name} sent ${printable(event.message)} to ${event.to}`
    return `*DBG* ${name} got ${incomingText(event)}`
  }
}

/** A message as others may see it: the classes of the mailbox do not cross threads. */
export function plainMessage(entry: unknown): unknown {
  if (entry instanceof CallRequest || entry instanceof CastRequest) {
    return { type: entry.type, name: entry.name, payload: entry.payload }
  }
  return entry
}

function incomingText({ message, from }: Extract<SystemEvent, { type: 'in' }>): string {
  const isRequest =
    typeof message === 'object' && message !== null && 'type' in message && 'name' in message
  if (!isRequest || (message.type !== '$call' && message.type !== '$cast')) {
    return printable(message)
  }
  const payload = 'payload' in message ? message.payload : undefined
  const what = `${printable(message.name)}${payload === undefined ? '' : ` ${printable(payload)}`}`
  return message.type === '$call' ? `call ${what} from ${from}` : `cast ${what}`
}

/** At once and past the main thread, which may be what is looked at. A full pipe loses the line. */
function print(file: number, line: string): void {
  try {
    writeSync(file, `${line}\n`)
  } catch {
    // Nobody can be told of it here, and the actor must go on.
  }
}
