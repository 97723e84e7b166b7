/** What the controller knows of the processes of its program, and what it has heard in this step. */

import {
  type DownMessage,
  isDownMessage,
  isExitMessage,
  isPid,
  monitor,
  type Pid,
  type Ref,
  whereis,
} from '../../runtime/index.ts'
import { type Event, isUserMessage, type Row } from './events.ts'
import { type ChildPlan, NAMES, topOf } from './program.ts'
import { fromExitReason, type Json, toJson } from './reason.ts'

interface Watched {
  readonly key: string
  readonly pid: Pid
}

/** What one step did, as both sides tell it. */
export interface Report {
  readonly result: Json
  readonly got: readonly Json[]
  readonly life: readonly Json[]
  readonly died: Readonly<Record<string, Json>>
  readonly names: Readonly<Record<string, Json>>
}

export class Book {
  readonly pids = new Map<string, Pid>()
  readonly refs = new Map<string, Ref>()
  /** Keys of processes, supervisors and single starts of children that live. */
  readonly alive = new Set<string>()
  /** Top supervisors: whether they are dynamic. */
  readonly supervisors = new Map<string, boolean>()
  readonly nested = new Set<string>()
  /** Children that will never answer. */
  readonly stuck = new Set<string>()
  /** The spec of the children of each dynamic supervisor. */
  readonly templates = new Map<string, ChildPlan>()
  /** Grows with everything that is heard; when it stands still, nothing is under way. */
  heard = 0
  readonly #prefix: string
  readonly #counters = new Map<string, number>()
  readonly #keys = new Map<Pid, string>()
  readonly #refKeys = new Map<Ref, string>()
  readonly #watch = new Map<Ref, Watched>()
  #settled = new Set<string>()
  #got: { readonly to: string; readonly message: unknown }[] = []
  #life: { readonly clock: number; readonly row: Json }[] = []
  #died = new Map<string, Json>()
  #justDead: Pid[] = []

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  newStep(): void {
    this.#settled = new Set(this.alive)
    this.#got = []
    this.#life = []
    this.#died = new Map()
    this.#justDead = []
  }

  hasDied(key: string): boolean {
    return this.#died.has(key)
  }

  /** Those whose death was heard in this step. */
  get dead(): readonly Pid[] {
    return this.#justDead
  }

  /** Enters a newborn and watches it. Called by the controller's actor. */
  enter(key: string, pid: Pid): void {
    this.pids.set(key, pid)
    this.#keys.set(pid, key)
    this.alive.add(key)
    this.#watch.set(monitor(pid), { key, pid })
  }

  enterRef(key: string, ref: Ref): void {
    this.refs.set(key, ref)
    this.#refKeys.set(ref, key)
  }

  nestedPids(): Pid[] {
    return [...this.nested].flatMap((path) => whereis(this.#prefix + path) ?? [])
  }

  enterNested(): void {
    for (const path of this.nested) {
      const pid = whereis(this.#prefix + path)
      if (!pid) continue
      this.pids.set(path, pid)
      this.#keys.set(pid, path)
    }
  }

  /** Element 0 of the shared counters is the clock. */
  counterOf(path: string): number {
    const counter = this.#counters.get(path) ?? this.#counters.size + 1
    this.#counters.set(path, counter)
    return counter
  }

  keyOf(pid: Pid | undefined): string | null {
    return pid === undefined ? null : (this.#keys.get(pid) ?? '?')
  }

  hear(event: Exclude<Event, { type: '$done' | '$here' }>): void {
    this.heard++
    switch (event.type) {
      case '$got':
        this.#got.push({ to: event.key, message: event.message })
        return
      case '$born': {
        const key = `${event.path}#${event.number}`
        this.enter(key, event.pid)
        this.pids.set(event.path, event.pid)
        this.#life.push({ clock: event.clock, row: [topOf(key), ['born', key]] })
        return
      }
      case '$gone': {
        const row = [event.group, ['gone', event.key, fromExitReason(event.reason)]]
        this.#life.push({ clock: event.clock, row })
        return
      }
      case '$stuck':
        this.stuck.add(event.key)
        return
      default:
        return event satisfies never
    }
  }

  /** @returns The key of the watched process whose end this is. */
  hearDown(message: DownMessage): string | undefined {
    const watched = this.#watch.get(message.ref)
    if (!watched) return undefined
    this.heard++
    this.#watch.delete(message.ref)
    const { key, pid } = watched
    this.alive.delete(key)
    this.#justDead.push(pid)
    // Who was born and died within one step may be dead before it is watched.
    this.#died.set(key, this.#settled.has(key) ? fromExitReason(message.reason) : 'dead')
    return key
  }

  report(result: Json): Report {
    const life = this.#life.toSorted((one, other) => one.clock - other.clock)
    return {
      result,
      got: this.got(),
      life: life.map(({ row }) => row),
      died: Object.fromEntries(this.#died),
      names: Object.fromEntries(
        NAMES.map((name) => [name, this.keyOf(whereis(this.#prefix + name))]),
      ),
    }
  }

  got(): Json[] {
    return this.#got.map(({ to, message }) => this.#message(to, message))
  }

  rows(rows: readonly Row[]): Json {
    return rows.map(({ id, pid, status }) => [
      id,
      pid ? this.keyOf(pid) : status === 'restarting' ? status : null,
    ])
  }

  #message(to: string, message: unknown): Json {
    if (isExitMessage(message)) {
      return [to, this.keyOf(message.pid), 'EXIT', fromExitReason(message.reason)]
    }
    if (isDownMessage(message)) {
      const ref = this.#refKeys.get(message.ref) ?? '?'
      return [to, this.#source(message.pid), 'DOWN', ref, fromExitReason(message.reason)]
    }
    if (isUserMessage(message)) return [to, this.keyOf(message.from), 'user', message.value]
    return [to, '?', toJson(message)]
  }

  #source(target: Pid | string): Json {
    for (const name of NAMES) if (target === this.#prefix + name) return `@${name}`
    return isPid(target) ? this.keyOf(target) : '?'
  }
}
