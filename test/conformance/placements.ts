/** The same case with its actors in one thread and in several. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import {
  type ExitReason,
  exit,
  fromWireError,
  isDownMessage,
  isExitMessage,
  monitor,
  type Pid,
  type Placement,
  type Ref,
  type Runtime,
  type RuntimeOptions,
  receive,
  type SpawnOptions,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  unlink,
  type WireError,
} from '../../runtime/index.ts'
import { type Acts, puppet } from '../fixtures/conformance/signal-puppet.ts'

/** How long a test waits for what must come. */
export const WAIT = { timeoutMs: 20_000 }

/** Where the other actor lives; the test itself acts in the main thread. */
export const PLACES = {
  'same thread': 'here',
  'two threads': { thread: 'away' },
  'own thread': 'thread',
  'root thread': 'root',
} as const satisfies Record<string, Placement>

export type Place = keyof typeof PLACES

/** One runtime for all tests of a file; nothing of it is left afterwards. */
export function useRuntime(options: Partial<RuntimeOptions> = {}): void {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [], maxRestarts: 1000, ...options })
  })
  after(() => runtime.stop())
}

/** Registers the case once per place; it runs as an actor of its own. */
export function inEachPlace(
  title: string,
  test: (start: Start, place: Place) => Promise<void>,
  places: readonly Place[] = ['same thread', 'two threads'],
): void {
  for (const place of places) {
    it(`${title} [${place}]`, () =>
      asActor(async () => {
        const puppets: Puppet[] = []
        const start: Start = (options) => {
          const one = startPuppet(PLACES[place], options)
          puppets.push(one)
          return one
        }
        await test(start, place)
        await endAll(puppets)
      }))
  }
}

/** Names and threads are free for the next test. */
async function endAll(puppets: readonly Puppet[]): Promise<void> {
  for (const { pid } of puppets) {
    unlink(pid)
    exit(pid, { type: 'kill' })
  }
  for (const { pid } of puppets) await nextDown(monitor(pid))
}

/** Runs a test's code as an actor of its own and gives back what it returns. */
export async function asActor<Value>(body: () => Promise<Value>): Promise<Value> {
  let result: { value: Value } | undefined
  let thrown: unknown
  const { ref } = spawnMonitor(async () => {
    try {
      result = { value: await body() }
    } catch (error) {
      thrown = error
    }
  })
  const down = await receive((m) => isDownMessage(m) && m.ref === ref, { timeoutMs: 60_000 })
  if (thrown) throw thrown
  assert.ok(isDownMessage(down), 'the test ended in time')
  assert.deepEqual(down.reason, { type: 'normal' }, 'the test was not killed')
  assert.ok(result)
  return result.value
}

export type Start = (options?: SpawnOptions) => Puppet

export function startPuppet(placement: Placement, options: SpawnOptions = {}): Puppet {
  const all = { placement, ...options }
  if (options.monitor === undefined || options.monitor === false)
    return new Puppet(spawn(puppet, undefined, all), undefined)
  const { pid, ref } = spawnMonitor(puppet, undefined, all)
  return new Puppet(pid, ref)
}

let orders = 0

/** The test's end of the strings. */
export class Puppet {
  readonly pid: Pid
  readonly ref: Ref | undefined

  constructor(pid: Pid, ref: Ref | undefined) {
    this.pid = pid
    this.ref = ref
  }

  /** Has it act and waits for what comes of it. */
  async ask<Name extends keyof Acts>(
    act: Name,
    ...args: Parameters<Acts[Name]>
  ): Promise<Awaited<ReturnType<Acts[Name]>>> {
    const id = this.#order(act, args, false)
    const answer = await receive(
      (m) => typeof m === 'object' && m !== null && 'id' in m && m.id === id,
      WAIT,
    )
    const { type, value, error } = answer as { type: string; value: never; error: WireError }
    if (type === '$failed') throw fromWireError(error)
    return value
  }

  /** Has it act and does not wait. */
  tell<Name extends keyof Acts>(act: Name, ...args: Parameters<Acts[Name]>): void {
    this.#order(act, args, true)
  }

  #order(act: keyof Acts, args: readonly unknown[], fatal: boolean): number {
    const id = ++orders
    send(this.pid, { type: '$order', id, boss: self(), act, args, fatal })
    return id
  }
}

export async function nextDown(ref: Ref | undefined): Promise<ExitReason> {
  const message = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
  assert.ok(isDownMessage(message), 'a DOWN came in time')
  return message.reason
}

export async function nextExit(pid: Pid): Promise<ExitReason> {
  const message = await receive((m) => isExitMessage(m) && m.pid === pid, WAIT)
  assert.ok(isExitMessage(message), 'an EXIT came in time')
  return message.reason
}

export async function reasonOfDeath(pid: Pid): Promise<ExitReason> {
  return nextDown(monitor(pid))
}

/** Nothing is in the mailbox: ask a puppet for a pong first, if others could still be sending. */
export async function assertEmpty(): Promise<void> {
  assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined, 'the mailbox is empty')
}

/** Asks again, a turn of the event loop apart, until it holds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + WAIT.timeoutMs
  while (!(await holds())) {
    assert.ok(Date.now() < until, 'it held in time')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Holds one thread, seen from another. */
export class Gate {
  readonly buffer = new SharedArrayBuffer(8)
  readonly #cells = new Int32Array(this.buffer)

  /** Resolves when somebody waits at the gate. */
  async reached(): Promise<void> {
    await eventually(() => Atomics.load(this.#cells, 1) === 1)
  }

  open(): void {
    Atomics.store(this.#cells, 0, 1)
    Atomics.notify(this.#cells, 0)
  }
}
