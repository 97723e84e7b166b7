/** One task per item, some at a time, with their results as an async iterable. */

import { availableParallelism } from 'node:os'
import { acting } from './current.ts'
import { CallTimeout } from './errors.ts'
import { TIMEOUT } from './exit-reason.ts'
import { checkKeys, checkNumber, checkOneOf } from './options.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import { takeQueued, unlinkTask, waitFor } from './task-inbox.ts'
import type { TaskResult } from './task-result.ts'

export interface StreamOptions {
  /** Tasks at the same time. Default: `os.availableParallelism()`. */
  readonly maxConcurrency?: number
  /** Results in the order of the items (default), or as they come. */
  readonly ordered?: boolean
  /** Milliseconds for one item; `Infinity` for no bound. Default 5000. */
  readonly timeoutMs?: number
  /** A late item ends the whole stream (default), or only its task. */
  readonly onTimeout?: 'exit' | 'kill_task'
  /** A failed item's result has the item too. Default false. */
  readonly zipInputOnExit?: boolean
}

const STREAM_KEYS = ['maxConcurrency', 'ordered', 'timeoutMs', 'onTimeout', 'zipInputOnExit']

/** What a stream gives for one item; a failed one also the item, with `zipInputOnExit`. */
export type StreamResult<Item, Value> = TaskResult<Value> & { readonly item?: Item }

export type Items<Item> = Iterable<Item> | AsyncIterable<Item>

export interface StreamTask {
  readonly pid: Pid
  readonly ref: Ref
}

/** How a stream starts and ends its tasks: from this actor, or under a supervisor. */
export interface TaskStarter<Item> {
  start(item: Item): StreamTask | Promise<StreamTask>
  /** Ends a task that is not wanted any more, leaving no message behind. */
  discard(task: StreamTask): Promise<void>
}

interface Running {
  readonly task: StreamTask
  readonly done: Promise<StreamResult<unknown, unknown>>
}

/** @throws {TypeError} or {RangeError} Options that cannot be meant. */
export function checkedStream(what: string, options: StreamOptions): Required<StreamOptions> {
  checkKeys(what, options, STREAM_KEYS)
  const { maxConcurrency = availableParallelism(), ordered = true, timeoutMs = 5000 } = options
  const { onTimeout = 'exit', zipInputOnExit = false } = options
  checkNumber(`${what}: maxConcurrency`, maxConcurrency, { min: 1, integer: true })
  checkNumber(`${what}: timeoutMs`, timeoutMs)
  checkOneOf(`${what}: onTimeout`, onTimeout, ['exit', 'kill_task'])
  return { maxConcurrency, ordered, timeoutMs, onTimeout, zipInputOnExit }
}

/**
 * Lazily, in the actor that asks for the first result. Whoever stops early ends the tasks that
 * still run. A result that is ready before its turn counts as running, so at most `maxConcurrency`
 * results wait.
 */
export async function* stream<Item>(
  items: Items<Item>,
  starter: TaskStarter<Item>,
  options: Required<StreamOptions>,
): AsyncGenerator<StreamResult<unknown, unknown>> {
  const owner = acting('asyncStream')
  const source = iterate(items)
  const running: Running[] = []
  let exhausted = false
  try {
    for (;;) {
      while (!exhausted && running.length < options.maxConcurrency) {
        const next = await source.next()
        if (next.done) exhausted = true
        else running.push(await run(owner, next.value, starter, options))
      }
      const next = await firstOf(running, options.ordered)
      if (!next) return
      const result = await next.done
      running.splice(running.indexOf(next), 1)
      yield result
    }
  } finally {
    await Promise.all(running.map(({ task }) => starter.discard(task)))
    if (!exhausted) await source.return?.()
  }
}

async function firstOf(
  running: readonly Running[],
  ordered: boolean,
): Promise<Running | undefined> {
  if (ordered || running.length === 0) return running[0]
  return Promise.race(running.map((one) => one.done.then(() => one)))
}

async function run<Item>(
  owner: Process,
  item: Item,
  starter: TaskStarter<Item>,
  options: Required<StreamOptions>,
): Promise<Running> {
  const task = await starter.start(item)
  const done = outcome(owner, task, starter, options).then((result) =>
    result.type === 'exit' && options.zipInputOnExit ? { ...result, item } : result,
  )
  done.catch(() => {})
  return { task, done }
}

async function outcome<Item>(
  owner: Process,
  task: StreamTask,
  starter: TaskStarter<Item>,
  { timeoutMs, onTimeout }: Required<StreamOptions>,
): Promise<TaskResult<unknown>> {
  const { pid, ref } = task
  const result = takeQueued(owner, pid, ref) ?? (await waitFor(owner, ref, timeoutMs))
  if (result) {
    unlinkTask(owner, pid)
    return result
  }
  await starter.discard(task)
  if (onTimeout === 'exit') throw new CallTimeout(pid, 'asyncStream', timeoutMs)
  return { type: 'exit', reason: TIMEOUT }
}

function iterate<Item>(items: Items<Item>): Iterator<Item> | AsyncIterator<Item> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}
