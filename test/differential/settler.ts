/**
 * Knows when all consequences of a step have happened here, without ever waiting for time to pass.
 *
 * Settled means that a round brought nothing new in which everybody answered everybody: each
 * process asks each other one, on the way that all its signals take, and waits for the dead of this
 * step to be confirmed to it by their threads. Two more rounds of pings from here follow, because a
 * supervisor asks nobody; in each the loop of every thread with supervisors, and of this one, turns
 * a few times: a thread reads its ports in no fixed order, but in a turn it reads them all.
 */

import {
  exit,
  monitor,
  type Pid,
  type Placement,
  type Ref,
  send,
  spawn,
} from '../../runtime/index.ts'
import { agent } from './agent.ts'
import type { Book } from './book.ts'
import type { AgentArgs, ChildCommand, Command, Ping, Row, World } from './events.ts'
import { rows } from './supervise.ts'
import { turnLoop } from './turn-loop.ts'

const QUIET_ROUNDS = 3
const WAKE = { type: '$wake' }
/** The threads, besides the controller's, in which supervisors live. */
const PLACES: readonly Placement[] = ['root', { thread: 'one' }, { thread: 'two' }]

export class Settler {
  readonly #book: Book
  readonly #world: World
  /** Reads the controller's mail until the condition holds. */
  readonly #until: (what: string, holds: () => boolean) => Promise<void>
  /** Questions without an answer yet, with the processes whose death makes it needless. */
  readonly #pending = new Map<number, readonly string[]>()
  readonly #unconfirmed = new Set<Ref>()
  #turners: readonly Pid[] | undefined
  #number = 0

  constructor(
    book: Book,
    world: World,
    until: (what: string, holds: () => boolean) => Promise<void>,
  ) {
    this.#book = book
    this.#world = world
    this.#until = until
  }

  newNumber(): number {
    return ++this.#number
  }

  /** @returns Whether it was the answer to a question of this settler. */
  answered(number: number): boolean {
    return this.#pending.delete(number)
  }

  confirmed(ref: Ref): void {
    this.#unconfirmed.delete(ref)
  }

  /** Nobody waits for the answers of one that is dead or stuck. */
  lost(key: string): void {
    for (const [number, keys] of this.#pending) if (keys.includes(key)) this.#pending.delete(number)
  }

  /** @param target Whom the step was about: if dead, its thread may still have to answer. */
  async settle(target?: string): Promise<void> {
    for (let quiet = 0; quiet < QUIET_ROUNDS; ) {
      const before = this.#book.heard
      if (quiet === 0 && this.#world.family !== 'here') this.#flushAll(target)
      this.#pingAll()
      await this.#turnLoops()
      await this.confirmDeaths()
      await this.#until('a round of pings', () => this.#pending.size === 0)
      this.#book.enterNested()
      quiet = this.#book.heard === before ? quiet + 1 : 0
    }
  }

  /** The threads of the dead of this step have told all that there was to tell. */
  async confirmDeaths(): Promise<void> {
    for (const pid of this.#book.dead) this.#unconfirmed.add(monitor(pid))
    await this.#until('the confirmation of deaths', () => this.#unconfirmed.size === 0)
  }

  async #turnLoops(): Promise<void> {
    // A supervisor's next attempt at a failed start waits for a turn of the loop.
    if (this.#world.family === 'here') return turnLoop()
    this.#turners ??= PLACES.map((placement) => spawn(agent, this.#turnerArgs(), { placement }))
    for (const pid of this.#turners) {
      const command: Command = { type: '$do', number: this.#ask([]), operation: { do: 'turn' } }
      send(pid, command)
    }
    await turnLoop()
  }

  /** Every process asks every other one, on the way on which it tells it everything else. */
  #flushAll(target: string | undefined): void {
    const book = this.#book
    const pid = book.pids.get(target ?? '')
    const living = [...[...book.alive].map((key) => book.pids.get(key)), ...book.nestedPids()]
    const isGone = pid && !living.includes(pid)
    const dead = isGone ? [...book.dead, pid] : book.dead
    const tops = [...book.supervisors.keys()].flatMap((key) => book.pids.get(key) ?? [])
    for (const key of book.alive) {
      const agent = book.pids.get(key)
      if (!agent || !isAgent(key)) continue
      const number = this.#ask([key])
      const supervisors = [...tops, ...book.nestedPids()]
      const operation = { do: 'flush', pings: this.#pingsOf(key), supervisors, dead } as const
      send(agent, { type: '$do', number, operation } satisfies Command)
    }
  }

  #pingsOf(key: string): Ping[] {
    const book = this.#book
    return [...book.alive].flatMap((other): Ping[] => {
      const pid = book.pids.get(other)
      if (!pid || other === key || book.supervisors.has(other) || book.stuck.has(other)) return []
      return [{ pid, message: pingFor(other, this.#ask([key, other])) }]
    })
  }

  #pingAll(): void {
    const book = this.#book
    for (const key of book.alive) {
      const pid = book.pids.get(key)
      if (!pid || book.stuck.has(key)) continue
      if (book.supervisors.has(key)) this.#callSupervisor(pid)
      else send(pid, pingFor(key, this.#ask([key])))
    }
    for (const pid of book.nestedPids()) this.#callSupervisor(pid)
  }

  /** One that tries a failing start again answers in between, and nobody else hears of it. */
  #callSupervisor(pid: Pid): void {
    const number = this.#ask([])
    const answer = (children: readonly Row[]): void => {
      if (children.some(({ status }) => status === 'restarting')) this.#book.heard++
      this.#pending.delete(number)
      send(this.#world.controller, WAKE)
    }
    rows(pid, false).then(answer, () => answer([]))
  }

  #turnerArgs(): AgentArgs {
    return { world: this.#world, key: 'turner', hoard: false }
  }

  /** Ends what this settler has started itself. */
  stop(): void {
    for (const pid of this.#turners ?? []) exit(pid, { type: 'kill' })
  }

  #ask(keys: readonly string[]): number {
    const number = this.newNumber()
    this.#pending.set(number, keys)
    return number
  }
}

function isAgent(key: string): boolean {
  return key.startsWith('p')
}

function pingFor(key: string, number: number): Command | ChildCommand {
  return isAgent(key)
    ? { type: '$do', number, operation: { do: 'ping' } }
    : { type: '$ping', number }
}
