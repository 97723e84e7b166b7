/** Answers an actor's system calls: its state, its status, a halt, a look at its traffic. */

import { type ErasedBody, loadDefinition } from './definition.ts'
import { CallbackFailed } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import type { StatusParts } from './format-status.ts'
import type { Process } from './process.ts'
import { failCall, replyTo } from './reply.ts'
import type { CallRequest } from './signal.ts'
import { DEFAULT_LOG_SIZE, SystemDebug } from './system-debug.ts'
import {
  isSystemCall,
  isSystemRequest,
  type SystemFunction,
  type SystemRequest,
} from './system-request.ts'
import { unreachable } from './unreachable.ts'
import { toCloneable } from './wire.ts'

/** What the desk can do with its actor. */
export interface SystemHost {
  readonly process: Process
  /** The definition's name. */
  readonly name: string
  state(): unknown
  replace(state: unknown): void
  /** Hides what is not for others. */
  format(parts: StatusParts): StatusParts
  /** Ends the actor, after its `terminate`. */
  terminate(reason: ExitReason): void
}

const DONE = Symbol('done')

type WatchRequest = Extract<
  SystemRequest,
  { op: 'statistics' | 'log' | 'log-to-file' | 'trace' | 'install' | 'remove' }
>

export class SystemDesk {
  readonly debug: SystemDebug
  readonly #host: SystemHost
  #suspended = false
  /** Messages before this index were looked at while suspended, and have to wait. */
  #passed = 0

  constructor(host: SystemHost) {
    this.#host = host
    this.debug = new SystemDebug(host.process, host.name)
  }

  get suspended(): boolean {
    return this.#suspended
  }

  /** Where the next message lies that may be handled now; -1 if there is none. */
  next({ mailbox }: Process): number {
    if (!this.#suspended) return mailbox.size > 0 ? 0 : -1
    const index = mailbox.find(isSystemCall, this.#passed)
    this.#passed = index < 0 ? mailbox.size : index
    return index
  }

  /** What is put before others is never a system call. */
  moved(index: number, by: 1 | -1): void {
    if (index < this.#passed) this.#passed += by
  }

  /** Answers the call; a promise where that takes long, which never rejects. */
  answer(request: CallRequest): Promise<void> | undefined {
    const { payload } = request
    const { process } = this.#host
    if (!isSystemRequest(payload)) {
      failCall(process, request.asker, new TypeError('sys: not a system request.'))
      return undefined
    }
    try {
      const value = this.#perform(payload)
      if (value instanceof Promise) return this.#later(request, value)
      if (value !== DONE) this.#reply(request, value)
    } catch (error) {
      failCall(process, request.asker, error)
    }
    return undefined
  }

  /** Nothing is kept open for an actor that has ended. */
  close(): void {
    this.debug.close()
  }

  #perform(request: SystemRequest): unknown {
    const host = this.#host
    switch (request.op) {
      case 'get-state':
        return host.state()
      case 'get-status':
        return this.#status()
      case 'suspend':
        return this.#suspend(true)
      case 'resume':
        return this.#suspend(false)
      case 'replace-state':
        return this.#replace(request.change)
      case 'terminate':
        host.terminate(request.reason)
        return DONE
      case 'no-debug':
        return this.debug.close()
      case 'statistics':
      case 'log':
      case 'log-to-file':
      case 'trace':
      case 'install':
      case 'remove':
        return this.#watch(request)
      default:
        return unreachable(request)
    }
  }

  #watch(request: WatchRequest): unknown {
    const { debug } = this
    switch (request.op) {
      case 'statistics':
        return request.how === 'get' ? debug.statistics() : debug.setStatistics(request.how)
      case 'log':
        return this.#log(request.how)
      case 'log-to-file':
        return debug.setFile(request.path === false ? undefined : request.path)
      case 'trace':
        return debug.setTrace(request.on)
      case 'install':
        return this.#install(request.id, request.spy, request.state)
      case 'remove':
        return debug.remove(keyOf(request.id))
      default:
        return unreachable(request)
    }
  }

  #log(how: Extract<SystemRequest, { op: 'log' }>['how']): unknown {
    const { debug } = this
    if (how === 'get') return this.#host.format({ log: debug.log ?? [] }).log
    if (how === 'print') return debug.printLog()
    if (typeof how === 'object') return debug.setLog(how.size)
    return debug.setLog(how ? DEFAULT_LOG_SIZE : undefined)
  }

  async #install(id: string | undefined, spy: SystemFunction, state: unknown): Promise<void> {
    this.debug.install(id ?? keyOf(spy), await functionOf(spy), state)
  }

  #suspend(on: boolean): void {
    this.#suspended = on
    this.#passed = 0
    this.#host.process.status = on ? 'suspended' : 'waiting'
  }

  async #replace(change: SystemFunction): Promise<unknown> {
    const run = await functionOf(change)
    try {
      const next = await run(this.#host.state())
      this.#host.replace(next)
      return next
    } catch (error) {
      throw new CallbackFailed('replaceState', error)
    }
  }

  #status(): unknown {
    const { process, name } = this.#host
    const { log } = this.debug
    const parts = { state: this.#host.state(), ...(log ? { log } : {}) }
    const shown = this.#host.format(parts)
    return {
      pid: process.pid,
      name: process.name,
      definition: name,
      status: this.#suspended ? 'suspended' : 'running',
      parent: process.parent,
      debug: this.debug.modes,
      log: shown.log,
      state: shown.state,
    }
  }

  #later(request: CallRequest, value: Promise<unknown>): Promise<void> {
    const { process } = this.#host
    return value.then(
      (result) => this.#reply(request, result),
      (error: unknown) => {
        if (process.alive) failCall(process, request.asker, error)
      },
    )
  }

  /** A state may hold what cannot cross a thread: a placeholder stands for that. */
  #reply({ asker }: CallRequest, value: unknown): void {
    const { process } = this.#host
    if (!process.alive) return
    replyTo(process, asker, process.kernel.isLocal(asker.pid) ? value : toCloneable(value))
  }
}

async function functionOf(given: SystemFunction): Promise<ErasedBody> {
  if (typeof given === 'function') return given
  const definition = await loadDefinition(given)
  if ('run' in definition) return definition.run
  throw new TypeError(`sys: '${given.name}' is a server; expected what actor() returned.`)
}

/** A spy without an id is known by what it is. */
function keyOf(spy: string | SystemFunction): unknown {
  return typeof spy === 'object' ? `${spy.url} ${spy.name}` : spy
}
