/** Waiting for several tasks at once. */

import { awaitDown } from './call.ts'
import { KILL } from './exit-reason.ts'
import { checkKeys, checkNumber, checkOneOf } from './options.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import { sendExit } from './signals.ts'
import { closeTask, stopWaiting, takeQueued, unlinkTask, waitFor } from './task-inbox.ts'
import type { TaskResult } from './task-result.ts'

export interface YieldManyOptions {
  /** Milliseconds for all of them together. Default 5000. */
  readonly timeoutMs?: number
  /** Results that are enough. Default: all. */
  readonly limit?: number
  /** What becomes of those without a result. Default `'nothing'`. */
  readonly onTimeout?: 'nothing' | 'ignore' | 'kill_task'
}

interface AnyTask {
  readonly pid: Pid
  readonly ref: Ref
}

type Result<Value> = TaskResult<Value> | undefined

/** @throws {TypeError} or {RangeError} Options that cannot be meant. */
export async function yieldMany<Value>(
  owner: Process,
  tasks: readonly AnyTask[],
  options: YieldManyOptions,
): Promise<Result<Value>[]> {
  checkKeys('Task.yieldMany', options, ['timeoutMs', 'limit', 'onTimeout'])
  const { timeoutMs = 5000, limit = Math.max(1, tasks.length), onTimeout = 'nothing' } = options
  checkNumber('Task.yieldMany: timeoutMs', timeoutMs)
  checkNumber('Task.yieldMany: limit', limit, { min: 1, integer: true })
  checkOneOf('Task.yieldMany: onTimeout', onTimeout, ['nothing', 'ignore', 'kill_task'])
  const results: Result<Value>[] = await firstOf(owner, tasks, timeoutMs, limit)
  if (onTimeout === 'nothing') return results
  const late = tasks.filter((_, index) => results[index] === undefined)
  await Promise.all(late.map((task) => giveUp(owner, task, onTimeout === 'kill_task')))
  return results
}

/** The results that come first, each in its task's place. */
async function firstOf<Value>(
  owner: Process,
  tasks: readonly AnyTask[],
  timeoutMs: number,
  limit: number,
): Promise<Result<Value>[]> {
  let count = 0
  const ready = tasks.map(({ pid, ref }) => {
    const result = count < limit ? takeQueued(owner, pid, ref) : undefined
    if (result) count++
    return result
  })
  const enough = (): void => {
    for (const { ref } of tasks) stopWaiting(owner, ref)
  }
  const waits = tasks.map(async ({ ref }, index) => {
    if (ready[index] || count >= limit) return ready[index]
    const result = await waitFor(owner, ref, timeoutMs)
    if (result && ++count >= limit) enough()
    return result
  })
  return trusted(await Promise.all(waits))
}

async function giveUp(owner: Process, { pid, ref }: AnyTask, kill: boolean): Promise<void> {
  closeTask(owner, pid, ref)
  if (!kill) return
  unlinkTask(owner, pid)
  const down = awaitDown(owner, pid)
  sendExit(owner, pid, KILL)
  await down
}

/** The type of a result is its task's word. */
function trusted<Value>(results: readonly Result<unknown>[]): Result<Value>[]
function trusted(results: readonly Result<unknown>[]): readonly Result<unknown>[] {
  return results
}
