import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import { aside } from './context.ts'
import { NotSendable } from './errors.ts'
import type { Kernel } from './kernel.ts'
import { isPid, makePid, type Pid, type Ref } from './pid.ts'
import { type Due, TimerHeap } from './timer-heap.ts'

interface Timer extends Due {
  readonly ref: Ref
  readonly target: Pid | string
  readonly message: unknown
}

/**
 * The timers that were started in one thread, in the order of their times, with one alarm for all.
 * A timer that is set on a pid goes with that actor.
 */
export class TimerTable {
  readonly #kernel: Kernel
  readonly #timers = new Map<Ref, Timer>()
  readonly #heap = new TimerHeap<Timer>()
  #alarm: Alarm
  #alarmAt = Number.POSITIVE_INFINITY

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get size(): number {
    return this.#timers.size
  }

  /**
   * @param compose Makes the message of the timer's reference.
   * @throws {NotSendable} It goes to another thread or to a name, and cannot be cloned.
   */
  start(target: Pid | string, ms: number, compose: (ref: Ref) => unknown): Ref {
    const kernel = this.#kernel
    const ref = kernel.newRef()
    const local = isPid(target) && kernel.isLocal(target)
    const message = local ? compose(ref) : snapshot(target, compose(ref))
    const owner = local ? kernel.find(target) : undefined
    if (local && !owner && kernel.isDead(target)) return ref
    if (ms === 0) {
      this.#send(target, message)
      return ref
    }
    const timer = { ref, target, message, dueAt: performance.now() + ms, index: 0 }
    this.#timers.set(ref, timer)
    this.#heap.push(timer)
    this.#watchClock()
    if (owner) {
      owner.rare.timers ??= new Set()
      owner.rare.timers.add(ref)
    } else if (isPid(target)) this.#watch(ref, target)
    return ref
  }

  /** Milliseconds left, rounded up; `false` if it has rung, was cancelled or never was. */
  read(ref: Ref): number | false {
    const timer = this.#timers.get(ref)
    return timer ? Math.max(0, Math.ceil(timer.dueAt - performance.now())) : false
  }

  cancel(ref: Ref): number | false {
    const left = this.read(ref)
    this.#take(ref)
    this.#watchClock()
    return left
  }

  clear(): void {
    clearAlarm(this.#alarm)
    this.#timers.clear()
    this.#heap.clear()
  }

  /** Sets the alarm for the timer that is due next. */
  #watchClock(): void {
    const dueAt = this.#heap.first?.dueAt ?? Number.POSITIVE_INFINITY
    if (dueAt === this.#alarmAt) return
    clearAlarm(this.#alarm)
    this.#alarmAt = dueAt
    const ms = Math.max(1, Math.ceil(dueAt - performance.now()))
    this.#alarm = aside(() => setAlarm(ms, () => this.#ring()))
    this.#alarm?.unref()
  }

  #ring(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    for (let next = this.#heap.first; next && next.dueAt <= now; next = this.#heap.first) {
      this.#take(next.ref)
      this.#send(next.target, next.message)
    }
    this.#watchClock()
  }

  /** A name is looked up when the timer rings; if nobody has it then, nothing happens. */
  #send(target: Pid | string, message: unknown): void {
    const pid = isPid(target) ? target : this.#kernel.names.lookup(target)
    if (pid) this.#kernel.sendMessage(pid, message)
  }

  #take(ref: Ref): Timer | undefined {
    const timer = this.#timers.get(ref)
    if (!timer) return undefined
    this.#timers.delete(ref)
    this.#heap.remove(timer)
    const { target } = timer
    if (!isPid(target)) return timer
    this.#kernel.processes.get(target)?.currentRarities?.timers?.delete(ref)
    if (this.#kernel.pending.take(ref)) {
      const from = makePid(this.#kernel.ordinal, 0)
      this.#kernel.send({ type: 'demonitor', to: target, from, ref })
    }
    return timer
  }

  /** An actor of another thread takes its timers with it by way of a monitor. */
  #watch(ref: Ref, target: Pid): void {
    const forget = (): void => void this.#take(ref)
    this.#kernel.pending.add(ref, {
      target,
      resolve: forget,
      reject: forget,
      down: forget,
      holds: false,
      settled: () => {},
    })
    this.#kernel.send({ type: 'monitor', to: target, from: makePid(this.#kernel.ordinal, 0), ref })
  }
}

/** The message as it is now. */
function snapshot(target: string, message: unknown): unknown {
  try {
    return structuredClone(message)
  } catch (cause) {
    throw new NotSendable(target, cause)
  }
}
