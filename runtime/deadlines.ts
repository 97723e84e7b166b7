import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import { aside } from './context.ts'

/** What has a time by which it must be settled; a node of the list of all with the same timeout. */
export abstract class Deadline {
  /** On the clock of `performance.now()`; these four are of {@link Deadlines} alone. */
  dueAt = Number.POSITIVE_INFINITY
  before: Deadline | undefined
  after: Deadline | undefined
  list: DeadlineList | undefined
  /** Called once, when the time is over. */
  abstract expire(): void
}

interface DeadlineList {
  readonly timeoutMs: number
  first: Deadline | undefined
  last: Deadline | undefined
  /** The first one whose time has not begun. */
  fresh: Deadline | undefined
}

/**
 * Timeouts of which nearly all are met: those of the same length stand in a list in the order of
 * their ends, so setting and lifting one is O(1), and one alarm stands for all. Their time begins at
 * the end of the turn in which they were set: what is met within that turn never reads the clock.
 * The alarm is not taken back when the last deadline is met, only not set again.
 */
export class Deadlines {
  readonly #ensureStamp: () => void
  readonly #lists = new Map<number, DeadlineList>()
  #fresh: DeadlineList[] = []
  #alarm: Alarm
  #alarmAt = Number.POSITIVE_INFINITY

  /** @param ensureStamp Sees to it that `stamp` will be called. */
  constructor(ensureStamp: () => void) {
    this.#ensureStamp = ensureStamp
  }

  /** @param timeoutMs `Infinity`: never. */
  add(deadline: Deadline, timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const list = this.#listOf(timeoutMs)
    const { last } = list
    deadline.list = list
    deadline.before = last
    if (last) last.after = deadline
    else list.first = deadline
    list.last = deadline
    if (list.fresh) return
    list.fresh = deadline
    this.#fresh.push(list)
    this.#ensureStamp()
  }

  remove(deadline: Deadline): void {
    const { list, before, after } = deadline
    if (!list) return
    if (list.fresh === deadline) list.fresh = after
    if (before) before.after = after
    else list.first = after
    if (after) after.before = before
    else list.last = before
    deadline.list = undefined
    deadline.before = undefined
    deadline.after = undefined
  }

  /** The time of what was set begins. */
  stamp(): void {
    if (this.#fresh.length === 0) return
    const lists = this.#fresh
    this.#fresh = []
    let now = 0
    for (const list of lists) {
      if (!list.fresh) continue
      now ||= performance.now()
      const dueAt = now + list.timeoutMs
      for (let next: Deadline | undefined = list.fresh; next; next = next.after) next.dueAt = dueAt
      list.fresh = undefined
      if (dueAt < this.#alarmAt) this.#setAlarm(dueAt)
    }
  }

  clear(): void {
    clearAlarm(this.#alarm)
    this.#lists.clear()
    this.#fresh = []
  }

  #listOf(timeoutMs: number): DeadlineList {
    const known = this.#lists.get(timeoutMs)
    if (known) return known
    const list = { timeoutMs, first: undefined, last: undefined, fresh: undefined }
    this.#lists.set(timeoutMs, list)
    return list
  }

  /** What waits keeps the process alive by itself, where it is to. */
  #setAlarm(dueAt: number): void {
    clearAlarm(this.#alarm)
    this.#alarmAt = dueAt
    const ms = Math.max(1, Math.ceil(dueAt - performance.now()))
    this.#alarm = aside(() => setAlarm(ms, () => this.#ring()))
    this.#alarm?.unref()
  }

  #ring(): void {
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    this.#alarmAt = next
    for (const [timeoutMs, list] of this.#lists) {
      for (let due = list.first; due && due.dueAt <= now; due = list.first) {
        this.remove(due)
        due.expire()
      }
      if (!list.first) this.#lists.delete(timeoutMs)
      else next = Math.min(next, list.first.dueAt)
    }
    if (next < this.#alarmAt) this.#setAlarm(next)
  }
}
