/**
 * Runs a program on nodelens: step by step, each settled before the next.
 *
 * Settled means: three rounds in a row, in which everybody answered a ping and every supervisor a
 * call, brought nothing new; of everybody who died in between, its thread has confirmed it (a
 * second monitor was answered), so that all that its death had to tell was posted. Three rounds,
 * because a thread reads its ports in no fixed order: what was posted before a ping is read at the
 * latest in the turn of the loop after it.
 */

import {
  exit,
  isDownMessage,
  monitor,
  type Pid,
  type Ref,
  receive,
  send,
  spawn,
  whereis,
  self,
} from '../../runtime/index.ts'
import { agent } from './agent.ts'
import { Book, type Report } from './book.ts'
import { type AgentArgs, type ChildCommand, isEvent, type Operation, type Result, type World } from './events.ts'
import { toOperation, Unborn } from './operation.ts'
import { type Family, placementOf } from './placement.ts'
import { CONTROLLER, type Program, type Step } from './program.ts'
import type { Json } from './reason.ts'
import { counts, rows } from './supervise.ts'

/** Longest silence in which an answer is still waited for, milliseconds. */
const PATIENCE_MS = 20_000
const QUIET_ROUNDS = 3
const COUNTERS = 128
const WAKE = { type: '$wake' }

/** What a program did: equal here and on OTP, or one of them is wrong. */
export interface Outcome {
  readonly steps: readonly Report[]
  readonly final: Json
}

let programs = 0

/** Runs the program in a family of placements. The runtime must be running in this thread. */
export function runHere(program: Program, family: Family): Promise<Outcome> {
  const prefix = `p${++programs}:`
  return new Promise((resolve, reject) => {
    spawn(async () => {
      const counters = new Int32Array(new SharedArrayBuffer(4 * COUNTERS))
      const world: World = { controller: self(), family, prefix, counters }
      await new Controller(world).run(program).then(resolve, reject)
    })
  })
}

class Controller {
  readonly #world: World
  readonly #book: Book
  readonly #results = new Map<number, Result>()
  readonly #answered = new Set<number>()
  readonly #gone = new Set<Ref>()
  #number = 0

  constructor(world: World) {
    this.#world = world
    this.#book = new Book(world.prefix)
  }

  async run(program: Program): Promise<Outcome> {
    try {
      const steps: Report[] = []
      for (const step of program.steps) steps.push(await this.#step(step))
      return { steps, final: await this.#final() }
    } finally {
      await this.#cleanUp()
    }
  }

  async #step(step: Step): Promise<Report> {
    this.#book.newStep()
    const result = await this.#perform(step)
    await this.#settle()
    return this.#book.report(this.#book.hasDied(step.by) ? 'died' : result)
  }

  async #perform(step: Step): Promise<Json> {
    if (step.by !== CONTROLLER && !this.#book.alive.has(step.by)) return 'dead'
    try {
      if (step.by !== CONTROLLER) {
        return await this.#ask(step, toOperation(step, this.#book, this.#world))
      }
      this.#byController(step)
      return true
    } catch (error) {
      if (error instanceof Unborn) return 'unborn'
      throw error
    }
  }

  #byController(step: Step): void {
    if (step.do === 'spawn') {
      const args: AgentArgs = { world: this.#world, key: step.as, hoard: step.hoard }
      const placement = placementOf(this.#world.family, step.as)
      this.#book.enter(step.as, spawn(agent, args, { trapExit: step.trap, placement }))
    } else if (step.do === 'end' || step.do === 'crash') {
      const pid = this.#book.pids.get(step.target)
      if (!pid) throw new Unborn(step.target)
      const command: ChildCommand =
        step.do === 'end' ? { type: '$end', reason: step.reason } : { type: '$crash' }
      send(pid, command)
    }
  }

  async #ask(step: Step, operation: Operation): Promise<Json> {
    const pid = this.#book.pids.get(step.by)
    if (!pid) throw new Unborn(step.by)
    const number = this.#command(pid, operation)
    await this.#until(`the answer of ${step.by} to ${step.do}`, () => {
      return this.#results.has(number) || !this.#book.alive.has(step.by)
    })
    const result = this.#results.get(number)
    return result ? this.#learn(step, result) : 'died'
  }

  #command(pid: Pid, operation: Operation): number {
    const number = ++this.#number
    send(pid, { type: '$do', number, operation })
    return number
  }

  #learn(step: Step, result: Result): Json {
    const book = this.#book
    switch (result.type) {
      case 'json':
        return result.json
      case 'spawned':
        if (step.do === 'spawn') {
          if (result.ref && step.monitor !== undefined) book.enterRef(step.monitor, result.ref)
          book.enter(step.as, result.pid)
        }
        return true
      case 'monitored':
        if (step.do === 'monitor') book.enterRef(step.as, result.ref)
        return true
      case 'supervisor':
        if (step.do === 'start_supervisor' || step.do === 'start_dynamic') {
          book.supervisors.set(step.as, step.do === 'start_dynamic')
          book.enter(step.as, result.pid)
        }
        return true
      case 'holder':
        return book.keyOf(result.pid)
      case 'children':
        return book.rows(result.rows)
      default:
        return result satisfies never
    }
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_ROUNDS; ) {
      const before = this.#book.heard
      await this.#round()
      quiet = this.#book.heard === before ? quiet + 1 : 0
    }
  }

  async #round(): Promise<void> {
    const book = this.#book
    const asked = [...book.alive].map((key) => ({ key, number: this.#ping(key) }))
    const inner = [...book.nested].flatMap((path) => whereis(this.#world.prefix + path) ?? [])
    const called = inner.map((pid) => this.#pingSupervisor(pid, false))
    const flushes = book.takeDead().map((pid) => monitor(pid))
    await this.#until('a round of pings', () => {
      const isDone = ({ key, number }: { key: string; number: number }): boolean =>
        this.#answered.has(number) || !book.alive.has(key)
      return (
        asked.every(isDone) &&
        called.every((number) => this.#answered.has(number)) &&
        flushes.every((ref) => this.#gone.has(ref))
      )
    })
    book.enterNested()
  }

  #ping(key: string): number {
    const book = this.#book
    const pid = book.pids.get(key)
    const isDynamic = book.supervisors.get(key)
    if (pid && isDynamic !== undefined) return this.#pingSupervisor(pid, isDynamic)
    if (pid && !key.includes('#')) return this.#command(pid, { do: 'ping' })
    const number = ++this.#number
    if (!pid || book.stubborn.has(key.replace(/#.*/, ''))) this.#answered.add(number)
    else send(pid, { type: '$ping', number } satisfies ChildCommand)
    return number
  }

  #pingSupervisor(pid: Pid, isDynamic: boolean): number {
    const number = ++this.#number
    const answer = (): void => {
      this.#answered.add(number)
      send(this.#world.controller, WAKE)
    }
    counts(pid, isDynamic).then(answer, answer)
    return number
  }

  /** Reads the mail until the condition holds. */
  async #until(what: string, holds: () => boolean): Promise<void> {
    while (!holds()) {
      const message = await receive(undefined, { timeoutMs: PATIENCE_MS })
      if (message === undefined) throw new Error(`${what} did not come in ${PATIENCE_MS} ms`)
      this.#hear(message)
    }
  }

  #hear(message: unknown): void {
    if (this.#book.hearDown(message)) return
    if (isDownMessage(message)) {
      this.#gone.add(message.ref)
    } else if (isEvent(message)) {
      if (message.type !== '$done') return this.#book.hear(message)
      this.#answered.add(message.number)
      this.#results.set(message.number, message.result)
    }
  }

  async #final(): Promise<Json> {
    const book = this.#book
    book.newStep()
    const alive = [...book.alive].toSorted()
    const supervisors: Record<string, Json> = {}
    for (const [key, isDynamic] of this.#livingSupervisors()) {
      const pid = book.pids.get(key)
      if (!pid) continue
      supervisors[key] = {
        children: book.rows(await rows(pid, isDynamic)),
        counts: await counts(pid, isDynamic),
      }
    }
    for (const key of alive) {
      const pid = book.pids.get(key)
      if (!pid || !key.startsWith('p')) continue
      const number = this.#command(pid, { do: 'drain' })
      await this.#until(`the draining of ${key}`, () => this.#results.has(number))
    }
    await this.#settle()
    return { alive, got: book.got(), supervisors }
  }

  #livingSupervisors(): [string, boolean][] {
    const book = this.#book
    const nested = [...book.nested].filter((path) => whereis(this.#world.prefix + path))
    return [
      ...[...book.supervisors].filter(([key]) => book.alive.has(key)),
      ...nested.map((path): [string, boolean] => [path, false]),
    ]
  }

  /** Supervisors first, so that nobody is restarted. */
  async #cleanUp(): Promise<void> {
    const { pids, alive, supervisors } = this.#book
    const isAbove = (key: string): boolean => supervisors.has(key) || this.#book.nested.has(key)
    const keys = [...pids.keys()].toSorted((one, other) => Number(isAbove(other)) - Number(isAbove(one)))
    for (const key of keys) {
      const pid = pids.get(key)
      if (pid) exit(pid, { type: 'kill' })
    }
    await this.#until('the end of all', () => alive.size === 0)
    const flushes = this.#book.takeDead().map((pid) => monitor(pid))
    await this.#until('the end of their threads', () => flushes.every((ref) => this.#gone.has(ref)))
  }
}
