/** Runs a program on nodelens: step by step, each settled before the next. */

import {
  exit,
  isDownMessage,
  type Pid,
  receive,
  self,
  send,
  spawn,
  whereis,
} from '../../runtime/index.ts'
import { agent } from './agent.ts'
import { Book, type Report } from './book.ts'
import {
  type AgentArgs,
  type ChildCommand,
  isEvent,
  type Operation,
  type Result,
  type World,
} from './events.ts'
import { toOperation, Unborn } from './operation.ts'
import { type Family, placementOf } from './placement.ts'
import { CONTROLLER, type Program, type Step } from './program.ts'
import type { Json } from './reason.ts'
import { Settler } from './settler.ts'
import { counts, rows } from './supervise.ts'
import { turnLoop } from './turn-loop.ts'

const PATIENCE_MS = 20_000
const COUNTERS = 128

/** What a program did: equal here and on OTP, or one of them is wrong. */
export interface Outcome {
  readonly steps: readonly Report[]
  readonly final: Json
}

export interface RunOptions {
  /** Longest silence in which an answer is still waited for, milliseconds. Default 20 000. */
  readonly patienceMs?: number
  /** Talks to a newborn at once, not only when it has said that it is there. Default true. */
  readonly isHasty?: boolean
}

let programs = 0

/** Runs the program in a family of placements. The runtime must be running in this thread. */
export function runHere(
  program: Program,
  family: Family,
  options: RunOptions = {},
): Promise<Outcome> {
  const prefix = `p${++programs}:`
  return new Promise((resolve, reject) => {
    spawn(async () => {
      const counters = new Int32Array(new SharedArrayBuffer(4 * COUNTERS))
      const world: World = { controller: self(), family, prefix, counters }
      await new Controller(world, options).run(program).then(resolve, reject)
    })
  })
}

class Controller {
  readonly #world: World
  readonly #book: Book
  readonly #results = new Map<number, Result>()
  readonly #settler: Settler
  readonly #arrived = new Set<string>()
  readonly #patienceMs: number
  readonly #isHasty: boolean

  constructor(world: World, { patienceMs = PATIENCE_MS, isHasty = true }: RunOptions) {
    this.#patienceMs = patienceMs
    this.#isHasty = isHasty
    this.#world = world
    this.#book = new Book(world.prefix)
    this.#settler = new Settler(this.#book, world, (what, holds) => this.#until(what, holds))
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
    await this.#settler.settle('target' in step ? step.target : undefined)
    return this.#book.report(this.#book.hasDied(step.by) ? 'died' : result)
  }

  async #perform(step: Step): Promise<Json> {
    if (step.by !== CONTROLLER && !this.#book.alive.has(step.by)) return 'dead'
    try {
      if (step.by !== CONTROLLER) {
        return await this.#ask(step, toOperation(step, this.#book, this.#world))
      }
      this.#byController(step)
      if (step.do === 'spawn') await this.#arrival(step.as)
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
    if (!result) return 'died'
    if (step.do === 'spawn') await this.#arrival(step.as)
    return this.#learn(step, result)
  }

  async #arrival(key: string): Promise<void> {
    if (!this.#isHasty) await this.#until(`the birth of ${key}`, () => this.#arrived.has(key))
  }

  #command(pid: Pid, operation: Operation): number {
    const number = this.#settler.newNumber()
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

  /** Reads the mail until the condition holds. */
  async #until(what: string, holds: () => boolean): Promise<void> {
    while (!holds()) {
      const message = await receive(undefined, { timeoutMs: this.#patienceMs })
      if (message === undefined) throw new Error(`${what} did not come in ${this.#patienceMs} ms`)
      this.#hear(message)
    }
  }

  #hear(message: unknown): void {
    if (isDownMessage(message)) {
      const key = this.#book.hearDown(message)
      if (key === undefined) this.#settler.confirmed(message.ref)
      else this.#settler.lost(key)
    } else if (isEvent(message)) {
      if (message.type === '$here') this.#arrived.add(message.key)
      else if (message.type !== '$done') {
        this.#book.hear(message)
        if (message.type === '$stuck') this.#settler.lost(message.key)
      } else if (!this.#settler.answered(message.number)) {
        this.#results.set(message.number, message.result)
      }
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
    await this.#settler.settle()
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

  /** Supervisors first and completely, so that nobody is restarted; then all, also the late born. */
  async #cleanUp(): Promise<void> {
    const { alive, supervisors } = this.#book
    for (const pid of this.#book.nestedPids()) exit(pid, { type: 'kill' })
    await this.#killAll('the end of the supervisors', (key) => supervisors.has(key))
    await this.#settler.confirmDeaths()
    await turnLoop()
    await this.#killAll('the end of all', (key) => alive.has(key))
    await this.#settler.confirmDeaths()
    this.#settler.stop()
  }

  async #killAll(what: string, isMeant: (key: string) => boolean): Promise<void> {
    const killed = new Set<string>()
    await this.#until(what, () => {
      const meant = [...this.#book.alive].filter(isMeant)
      for (const key of meant) {
        const pid = this.#book.pids.get(key)
        if (pid && !killed.has(key)) exit(pid, { type: 'kill' })
        killed.add(key)
      }
      return meant.length === 0
    })
  }
}
