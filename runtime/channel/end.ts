import { isMainThread } from 'node:worker_threads'
import { aside } from '../context.ts'
import { type ExitReason, NORMAL } from '../exit-reason.ts'
import type { Kernel } from '../kernel.ts'
import { checkKeys, checkNumber } from '../options.ts'
import { type Pid, type Ref, ROOT_THREAD } from '../pid.ts'
import type { Process } from '../process.ts'
import { ChannelTaken } from './errors.ts'
import { type ChannelMemory, distance, type Side } from './memory.ts'
import { ChannelWait, type ChannelWaitOptions, type Waited } from './wait.ts'

/** A thread that sleeps looks up so often to hear of deaths, milliseconds. */
const LOOK_UP_MS = 50

/** @throws {TypeError} In the main thread and in the root. */
export function checkMayBlock(what: string, { ordinal }: Kernel): void {
  const isRoot = ordinal === ROOT_THREAD
  if (!isMainThread && !isRoot) return
  throw new TypeError(
    `${what}: the ${isRoot ? 'root' : 'main'} thread must not block. Use 'await wait()' here, or give the end to an actor in a thread of its own.`,
  )
}

/** What both ends of a channel have in common: they wait for each other, and end. */
export abstract class ChannelEnd {
  protected readonly owner: Process
  protected readonly memory: ChannelMemory
  protected readonly name: string
  /** Neither side closes it again, and nothing goes through it any more. */
  protected isClosed = false
  readonly #side: Side
  readonly #otherSide: Side
  /** The monitor of whoever holds the other end. */
  #watch: { readonly ref: Ref; readonly pid: Pid } | undefined
  #otherEnded: ExitReason | undefined
  #waiting: ChannelWait | undefined

  /** @throws {ChannelTaken} Somebody has this end already. */
  constructor(owner: Process, memory: ChannelMemory, name: string, side: Side) {
    this.owner = owner
    this.memory = memory
    this.name = name
    this.#side = side
    this.#otherSide = side === 'sender' ? 'receiver' : 'sender'
    if (!memory.open(side, owner.pid)) throw new ChannelTaken(name, side, memory.holderOf(side))
    this.#meet()
  }

  /**
   * Why the other side takes or sends nothing any more: `normal` if it has closed its end, else the
   * exit reason of the actor that held it; `undefined` while it does.
   */
  get ended(): ExitReason | undefined {
    return this.memory.isClosed(this.#otherSide) ? NORMAL : this.#otherEnded
  }

  /** Records that were sent and not read yet. */
  get size(): number {
    return distance(this.memory.countOf('receiver'), this.memory.countOf('sender'))
  }

  /** Ends it from this side; the other learns it, and a wait under way is `'ended'`. Again: nothing. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.closing()
    this.memory.close(this.#side)
    this.#part()
    this.#waiting?.finish('ended')
  }

  /**
   * Waits, while the thread goes on, until there is something to do at this end: records for a
   * receiver, room for a sender. The event loop has a turn in any case, so nobody is starved, and
   * both sides pass memory to each other less often.
   *
   * @throws {TypeError} A wait is under way at this end already.
   */
  async wait(options: ChannelWaitOptions = {}): Promise<Waited> {
    checkKeys(`${this.name}: wait`, options, ['timeoutMs', 'signal', 'holds'])
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options
    checkNumber(`${this.name}: wait: timeoutMs`, timeoutMs)
    signal?.throwIfAborted()
    if (this.#waiting) {
      throw new TypeError(`${this.name}: this end already waits; await that first.`)
    }
    if (!this.owner.alive) return new Promise(() => {})
    return new Promise((resolve, reject) => {
      const waiting = new ChannelWait(this.owner, options, resolve, reject)
      this.#waiting = waiting
      waiting.onSettled = () => {
        this.#waiting = undefined
        this.memory.getUp(this.#side)
      }
      aside(() => setImmediate(() => this.#woken(waiting, timeoutMs > 0)))
    })
  }

  /**
   * The same with the whole thread asleep: no event, timer or other actor of the thread has its
   * turn. A watchdog takes a thread that sleeps longer than its `stuckMs` for stuck.
   *
   * @throws {TypeError} In the main thread and in the root, which must not block.
   */
  block(options: { readonly timeoutMs?: number } = {}): Waited {
    checkKeys(`${this.name}: block`, options, ['timeoutMs'])
    const { timeoutMs = Number.POSITIVE_INFINITY } = options
    checkNumber(`${this.name}: block: timeoutMs`, timeoutMs)
    checkMayBlock(`${this.name}: block`, this.owner.kernel)
    return this.sleep(timeoutMs)
  }

  protected sleep(timeoutMs: number): Waited {
    const { memory, owner } = this
    const until = performance.now() + timeoutMs
    for (;;) {
      this.#meet()
      this.#checkIsReachable()
      const seen = memory.lieDown(this.#side)
      const now = owner.alive ? this.#look() : 'ended'
      const leftMs = until - performance.now()
      if (now || leftMs <= 0) {
        memory.getUp(this.#side)
        return now ?? 'timeout'
      }
      const isWoken = memory.sleep(this.#side, seen, Math.min(leftMs, LOOK_UP_MS))
      if (!isWoken) owner.kernel.peers.catchUp()
    }
  }

  /** Whether there is something to do now. */
  protected abstract isReady(): boolean

  /** Called once, before the end is closed. */
  protected closing(): void {}

  /** Nothing goes through this end any more, for all that is known. */
  protected get seemsOver(): boolean {
    return (
      this.isClosed ||
      !this.owner.alive ||
      this.#otherEnded !== undefined ||
      this.memory.seemsClosed(this.#otherSide)
    )
  }

  /** The end is looked at first: whoever has ended had written before. */
  #look(): Waited | undefined {
    const hasEnded = this.isClosed || this.ended !== undefined
    if (!this.isClosed && this.isReady()) return 'ready'
    return hasEnded ? 'ended' : undefined
  }

  #sleepAside(waiting: ChannelWait): void {
    for (;;) {
      const seen = this.memory.lieDown(this.#side)
      const now = this.#look()
      if (now) return waiting.finish(now)
      const sleep = this.memory.sleepAside(this.#side, seen)
      if (!sleep) continue
      return aside(() => void sleep.then(() => this.#woken(waiting)))
    }
  }

  /** The other side did something: it may only have opened its end. */
  #woken(waiting: ChannelWait, maySleep = true): void {
    if (this.#waiting !== waiting) return
    this.#meet()
    if (this.#waiting !== waiting) return
    if (maySleep) this.#sleepAside(waiting)
    else waiting.finish(this.#look() ?? 'timeout')
  }

  /** As soon as somebody has the other end, their death is to be told. */
  #meet(): void {
    if (this.#watch || this.#otherEnded || this.isClosed) return
    const pid = this.memory.holderOf(this.#otherSide)
    if (pid === undefined) return
    const { owner } = this
    const ref = owner.kernel.newRef()
    this.#watch = { ref, pid }
    const down = (reason: ExitReason): void => {
      this.#otherEnded = reason
      this.#watch = undefined
      if (this.#waiting) this.#woken(this.#waiting)
    }
    owner.kernel.pending.add(ref, {
      owner,
      target: pid,
      resolve: () => {},
      reject: () => {},
      down,
      holds: false,
      settled: () => {},
    })
    owner.kernel.send({ type: 'monitor', to: pid, from: owner.pid, ref })
  }

  #part(): void {
    const watch = this.#watch
    if (!watch) return
    const { kernel, pid: from } = this.owner
    this.#watch = undefined
    kernel.pending.take(watch.ref)
    kernel.send({ type: 'demonitor', to: watch.pid, from, ref: watch.ref })
  }

  #checkIsReachable(): void {
    if (!this.#watch || !this.owner.kernel.isLocal(this.#watch.pid)) return
    throw new TypeError(
      `${this.name}: ${this.#watch.pid} has the other end in the same thread; it would never wake up. Use 'await wait()'.`,
    )
  }
}
