import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'

/** What has a time by which it must be settled; a node of the list of all with the same timeout. */
export abstract class Deadline {
  dueAt = 0
  /** Of {@link Deadlines} alone. */
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
}

/**
 * Timeouts of which nearly all are met: those of the same length stand in a list in the order of
 * their ends, so setting and lifting one is O(1), and one alarm stands for all. It is not taken back
 * when the last deadline is met, only not set again.
 */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>()
  #alarm: Alarm
  #alarmAt = Number.POSITIVE_INFINITY

  /** @param timeoutMs `Infinity`: never. */
  add(deadline: Deadline, timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const list = this.#listOf(timeoutMs)
    deadline.dueAt = performance.now() + timeoutMs
    deadline.list = list
    deadline.before = list.last
    if (list.last) list.last.after = deadline
    else list.first = deadline
    list.last = deadline
    if (deadline.dueAt < this.#alarmAt) this.#setAlarm(deadline.dueAt)
  }

  remove(deadline: Deadline): void {
    const { list, before, after } = deadline
    if (!list) return
    if (before) before.after = after
    else list.first = after
    if (after) after.before = before
    else list.last = before
    deadline.list = undefined
    deadline.before = undefined
    deadline.after = undefined
  }

  clear(): void {
    clearAlarm(this.#alarm)
    this.#lists.clear()
  }

  #listOf(timeoutMs: number): DeadlineList {
    const known = this.#lists.get(timeoutMs)
    if (known) return known
    const list: DeadlineList = { timeoutMs, first: undefined, last: undefined }
    this.#lists.set(timeoutMs, list)
    return list
  }

  /** What waits keeps the process alive by itself, where it is to. */
  #setAlarm(dueAt: number): void {
    clearAlarm(this.#alarm)
    this.#alarmAt = dueAt
    this.#alarm = setAlarm(Math.max(1, Math.ceil(dueAt - performance.now())), () => this.#ring())
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
      if (list.first) next = Math.min(next, list.first.dueAt)
      else this.#lists.delete(timeoutMs)
    }
    if (next < this.#alarmAt) this.#setAlarm(next)
  }
}
