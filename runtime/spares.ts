/**
 * Threads that are booted and wait for work, so that the next one needs no 40 ms. A thread's heap
 * limits are fixed when it is made, so there are spares of each kind that is in use.
 */

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { loadsWhenLate, startThread } from './first-module.ts'
import type { ThreadLimits } from './thread-options.ts'

/** Kinds of which spares are kept; of more the one unused for longest has none. */
const MAX_KINDS = 4
/**
 * Spares are made this long after the last thread was, milliseconds: making one takes the root
 * thread and a core for some milliseconds, which the thread that was just started needs more.
 */
const DELAY_MS = 25

export interface FreshThread {
  readonly worker: Worker
  readonly control: MessagePort
}

interface SpareThread extends FreshThread {
  /** A cell that the thread sets when it has loaded what it can load beforehand. */
  readonly loaded: Int32Array
}

/** What is fixed when a thread is made. */
export interface ThreadKind {
  readonly limits?: ThreadLimits | undefined
  /** URL of the module that it loads beforehand. */
  readonly preload?: string | undefined
}

interface Spare {
  readonly kind: ThreadKind
  readonly waiting: SpareThread[]
}

export class Spares {
  readonly #count: number
  readonly #kinds = new Map<string, Spare>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** @param count Spares of each kind; 0: none. */
  constructor(count: number) {
    this.#count = count
  }

  /**
   * A spare if one waits, otherwise a new thread; soon a spare takes its place. One that is still
   * loading is left alone where a new thread has another way than the thread pool for which that one
   * may wait.
   */
  take(kind: ThreadKind = {}): FreshThread {
    const waiting = this.#kinds.get(keyOf(kind))?.waiting ?? []
    const index = waiting.findIndex(({ loaded }) => !loadsWhenLate || Atomics.load(loaded, 0) === 1)
    const [ready] = index < 0 ? [] : waiting.splice(index, 1)
    this.keep(kind)
    return ready ?? makeThread({ limits: kind.limits })
  }

  /** From now on there are spares of this kind, until others are in use. */
  keep(kind: ThreadKind = {}): void {
    if (this.#count === 0 || this.#stopped) return
    const key = keyOf(kind)
    const spare = this.#kinds.get(key) ?? { kind, waiting: [] }
    this.#kinds.delete(key)
    this.#kinds.set(key, spare)
    const [oldest] = this.#kinds
    if (this.#kinds.size > MAX_KINDS && oldest) this.#drop(...oldest)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.fill(), DELAY_MS)
    this.#timer.unref()
  }

  /** Makes what is missing, at once. */
  fill(): void {
    if (this.#stopped) return
    for (const { kind, waiting } of this.#kinds.values()) {
      while (waiting.length < this.#count) this.#add(waiting, makeThread(kind))
    }
  }

  /** No more spares. @returns Those that wait, to be ended. */
  stop(): Worker[] {
    this.#stopped = true
    clearTimeout(this.#timer)
    const workers = [...this.#kinds.values()].flatMap(({ waiting }) => waiting)
    this.#kinds.clear()
    return workers.map(({ worker }) => worker)
  }

  #add(waiting: SpareThread[], made: SpareThread): void {
    waiting.push(made)
    made.worker.once('exit', () => {
      const index = waiting.indexOf(made)
      if (index >= 0) waiting.splice(index, 1)
    })
    made.worker.once('error', () => {})
  }

  #drop(key: string, { waiting }: Spare): void {
    this.#kinds.delete(key)
    for (const { worker } of waiting) void worker.terminate()
  }
}

function makeThread({ limits, preload }: ThreadKind): SpareThread {
  const { port1, port2 } = new MessageChannel()
  const loaded = new Int32Array(new SharedArrayBuffer(4))
  const data = { nodelens: 'thread', control: port2, preload, loaded }
  const worker = startThread(data, {
    transferList: [port2],
    ...(limits ? { resourceLimits: limits } : {}),
  })
  return { worker, control: port1, loaded }
}

function keyOf({ limits = {}, preload }: ThreadKind): string {
  const sorted = Object.entries(limits).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([sorted, preload])
}
