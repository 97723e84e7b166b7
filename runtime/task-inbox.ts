/**
 * The open tasks of each owner. A result that somebody waits for goes straight to them, found by
 * reference whatever the mailbox holds; one that nobody waits for becomes messages: the result,
 * then `DOWN`.
 */

import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import { isDownMessage, isExitMessage } from './signal.ts'
import { isTaskMessage, type TaskResult } from './task-result.ts'

type Outcome = TaskResult<unknown>
type Waiter = (outcome: Outcome) => void

interface OpenTask {
  readonly pid: Pid
  waiter: Waiter | undefined
  timer: Alarm
  /** Ends the wait without an outcome. */
  giveUp: (() => void) | undefined
}

const openTasks = new WeakMap<Process, Map<Ref, OpenTask>>()

/** Watches a task that was just made; the monitor itself is the caller's work. */
export function openTask(owner: Process, pid: Pid, ref: Ref): void {
  const tasks = openTasks.get(owner) ?? new Map<Ref, OpenTask>()
  openTasks.set(owner, tasks)
  const task: OpenTask = { pid, waiter: undefined, timer: undefined, giveUp: undefined }
  tasks.set(ref, task)
  const settle = (outcome: Outcome): void => {
    tasks.delete(ref)
    const { waiter } = task
    if (waiter) forgetMonitor(owner, pid, ref)
    if (waiter) waiter(outcome)
    else if (outcome.type === 'ok') owner.push({ type: 'TASK', ref, value: outcome.value })
    else {
      owner.monitors.delete(ref)
      owner.push({ type: 'DOWN', ref, pid, reason: outcome.reason })
    }
  }
  owner.kernel.pending.add(ref, {
    owner,
    target: pid,
    resolve: (value) => settle({ type: 'ok', value }),
    reject: () => tasks.delete(ref),
    down: (reason) => settle({ type: 'exit', reason }),
    settled: () => clearAlarm(task.timer),
  })
}

export function isOpen(owner: Process, ref: Ref): boolean {
  return openTasks.get(owner)?.has(ref) ?? false
}

/** What is in the mailbox already: a result wins over the `DOWN` that follows it. */
export function takeQueued(owner: Process, pid: Pid, ref: Ref): Outcome | undefined {
  const result = owner.take((message) => isTaskMessage(message) && message.ref === ref)
  const reason = takeDown(owner, ref)
  if (isTaskMessage(result)) {
    forgetMonitor(owner, pid, ref)
    return { type: 'ok', value: result.value }
  }
  return reason ? { type: 'exit', reason } : undefined
}

/** Waits for what is not there yet; `undefined` when the time is over, and the task stays open. */
export function waitFor(owner: Process, ref: Ref, timeoutMs: number): Promise<Outcome | undefined> {
  const task = openTasks.get(owner)?.get(ref)
  if (!task || timeoutMs === 0) return Promise.resolve(undefined)
  if (task.waiter) {
    throw new TypeError(`Task: somebody already waits for ${task.pid}; await that first.`)
  }
  return new Promise((resolve) => {
    const giveUp = (): void => {
      task.waiter = undefined
      resolve(undefined)
    }
    task.giveUp = () => {
      clearAlarm(task.timer)
      giveUp()
    }
    task.timer = setAlarm(timeoutMs, giveUp)
    task.waiter = resolve
  })
}

/** Whoever waits for this task waits no longer, and hears of no outcome; the task stays open. */
export function stopWaiting(owner: Process, ref: Ref): void {
  const task = openTasks.get(owner)?.get(ref)
  if (task?.waiter) task.giveUp?.()
}

/** Nothing of this task will reach the owner any more. */
export function closeTask(owner: Process, pid: Pid, ref: Ref): void {
  openTasks.get(owner)?.delete(ref)
  owner.kernel.pending.take(ref)
  forgetMonitor(owner, pid, ref)
}

/** Takes the link away, and an `EXIT` that came over it. */
export function unlinkTask(owner: Process, pid: Pid): void {
  if (owner.removeLink(pid)) owner.kernel.send({ type: 'unlink', to: pid, from: owner.pid })
  owner.discard((message) => isExitMessage(message) && message.pid === pid)
}

function takeDown(owner: Process, ref: Ref): ExitReason | undefined {
  const down = owner.take((message) => isDownMessage(message) && message.ref === ref)
  return isDownMessage(down) ? down.reason : undefined
}

function forgetMonitor(owner: Process, pid: Pid, ref: Ref): void {
  if (!owner.monitors.delete(ref)) return
  owner.kernel.send({ type: 'demonitor', to: pid, from: owner.pid, ref })
}
