/**
 * Tasks: one piece of work in an actor of its own, with its result for whoever asked for it. After
 * Elixir's `Task`; the owner is the actor that made the task, and only it can wait for it.
 */

import { awaitDown } from './call.ts'
import { type ChildSpec, checkSpec } from './child-spec.ts'
import { acting } from './current.ts'
import { CallTimeout } from './errors.ts'
import { KILL, KILLED, NOPROC, SHUTDOWN } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid, Ref } from './pid.ts'
import { checkPlacement, type Placement } from './placement.ts'
import type { Process } from './process.ts'
import { sendExit } from './signals.ts'
import { launch } from './spawn.ts'
import { completed } from './task-completed.ts'
import { closeTask, isOpen, openTask, takeQueued, unlinkTask, waitFor } from './task-inbox.ts'
import {
  callers,
  checkJobPlacement,
  jobOf,
  nameOf,
  type TaskBody,
  type TaskChildOptions,
  type TaskJob,
  taskActor,
  taskSpec,
} from './task-process.ts'
import { type TaskResult, valueOf } from './task-result.ts'
import {
  checkedStream,
  type Items,
  type StreamOptions,
  type StreamResult,
  type StreamTask,
  stream,
} from './task-stream.ts'
import { type YieldManyOptions, yieldMany } from './task-yield.ts'
import { printable } from './wire.ts'

/** A task under way. Plain data, but only its owner can wait for it. */
export interface Task<Value> {
  readonly pid: Pid
  /** In its messages: `{ type: 'TASK', ref, value }` and `DOWN`. */
  readonly ref: Ref
  readonly owner: Pid
  /** The function's or definition's name. */
  readonly name: string
  /** It has no process: its result was known from the start. */
  readonly completed?: true
  /** Types only; never there at run time. */
  readonly types?: { readonly value: Value }
}

export interface TaskOptions {
  /** Default `'here'`. A plain function can only run here. */
  readonly placement?: Placement
}

/** Elixir's default of `Task.await`, `yield` and `shutdown`, milliseconds. */
export const DEFAULT_TASK_MS = 5000

function start(
  what: string,
  body: unknown,
  args: unknown,
  options: TaskOptions,
  link: boolean,
): Pid {
  const parent = acting(what)
  const job = checkedJob(what, jobOf(what, body, args, { asker: parent }), options)
  return startJob(parent, job, options.placement ?? 'here', { link, monitor: false }).pid
}

function startAsync<Args, Value>(
  body: TaskBody<Args, Value>,
  args?: Args,
  options: TaskOptions = {},
): Task<Value> {
  const owner = acting('Task.async')
  const job = checkedJob(
    'Task.async',
    jobOf('Task.async', body, args, { owner: owner.pid, asker: owner }),
    options,
  )
  const { placement = 'here' } = options
  const { pid, ref } = startJob(owner, job, placement, { link: true, monitor: true })
  if (!ref) throw new TypeError('Task.async: the acting actor is dead.')
  return begin(owner, { pid, ref }, job, true)
}

/** Watches a task that waits for its owner, and lets it go; `monitored`: since its birth. */
export function begin<Value>(
  owner: Process,
  { pid, ref }: StreamTask,
  job: TaskJob,
  monitored: boolean,
): Task<Value> {
  openTask(owner, pid, ref)
  owner.monitors.set(ref, { target: pid })
  if (!monitored) owner.kernel.send({ type: 'monitor', to: pid, from: owner.pid, ref })
  owner.kernel.sendMessage(pid, { type: '$go', ref })
  return { pid, ref, owner: owner.pid, name: nameOf(job) }
}

async function awaitTask<Value>(
  task: Task<Value>,
  { timeoutMs = DEFAULT_TASK_MS }: { readonly timeoutMs?: number } = {},
): Promise<Value> {
  const [value] = await awaitMany([task], { timeoutMs })
  return trusted(value)
}

async function awaitMany<Value>(
  tasks: readonly Task<Value>[],
  { timeoutMs = DEFAULT_TASK_MS }: { readonly timeoutMs?: number } = {},
): Promise<Value[]> {
  const owner = ownerOf('await', tasks)
  checkNumber('Task.await: timeoutMs', timeoutMs)
  try {
    return await Promise.all(
      tasks.map(async ({ pid, ref }) => {
        const outcome = takeQueued(owner, pid, ref) ?? (await waitFor(owner, ref, timeoutMs))
        if (outcome) return trusted<Value>(valueOf(pid, outcome))
        throw new CallTimeout(pid, 'await', timeoutMs)
      }),
    )
  } catch (error) {
    for (const { pid, ref } of tasks) closeTask(owner, pid, ref)
    throw error
  }
}

async function yieldTask<Value>(
  task: Task<Value>,
  { timeoutMs = DEFAULT_TASK_MS }: { readonly timeoutMs?: number } = {},
): Promise<TaskResult<Value> | undefined> {
  const owner = ownerOf('yield', [task])
  checkNumber('Task.yield: timeoutMs', timeoutMs)
  const { pid, ref } = task
  return trusted(takeQueued(owner, pid, ref) ?? (await waitFor(owner, ref, timeoutMs)))
}

async function shutdown<Value>(
  task: Task<Value>,
  timeout: number | 'brutal_kill' = DEFAULT_TASK_MS,
): Promise<TaskResult<Value> | undefined> {
  const owner = ownerOf('shutdown', [task])
  if (timeout !== 'brutal_kill') checkNumber('Task.shutdown: milliseconds', timeout)
  const { pid, ref } = task
  const expected = timeout === 'brutal_kill' ? KILLED.type : SHUTDOWN.type
  const queued = takeQueued(owner, pid, ref)
  if (!queued && task.completed) return undefined
  if (!queued && !isOpen(owner, ref)) return { type: 'exit', reason: NOPROC }
  const outcome = queued ?? (await end(owner, task, timeout))
  unlinkTask(owner, pid)
  if (outcome?.type === 'exit' && outcome.reason.type === expected) return undefined
  return trusted(outcome)
}

async function end(
  owner: Process,
  { pid, ref }: Task<unknown>,
  timeout: number | 'brutal_kill',
): Promise<TaskResult<unknown> | undefined> {
  const brutal = timeout === 'brutal_kill'
  unlinkTask(owner, pid)
  const first = waitFor(owner, ref, brutal ? Number.POSITIVE_INFINITY : timeout)
  sendExit(owner, pid, brutal ? KILL : SHUTDOWN)
  const outcome = (await first) ?? takeQueued(owner, pid, ref)
  if (outcome) return outcome
  const last = waitFor(owner, ref, Number.POSITIVE_INFINITY)
  sendExit(owner, pid, KILL)
  return last
}

async function ignore<Value>(task: Task<Value>): Promise<TaskResult<Value> | undefined> {
  const owner = ownerOf('ignore', [task])
  const { pid, ref } = task
  const outcome = takeQueued(owner, pid, ref)
  closeTask(owner, pid, ref)
  return trusted(outcome)
}

/** Ends a task of which nobody wants to hear any more; resolves when it is dead. */
export async function discard(owner: Process, { pid, ref }: StreamTask): Promise<void> {
  closeTask(owner, pid, ref)
  unlinkTask(owner, pid)
  const down = awaitDown(owner, pid)
  sendExit(owner, pid, KILL)
  await down
}

function child<Args>(
  body: TaskBody<Args, unknown>,
  options: TaskChildOptions & { readonly args?: Args } = {},
): ChildSpec {
  checkKeys('Task.child', options, ['args', 'id', 'restart', 'shutdown', 'placement'])
  const job = jobOf('Task.child', body, options.args)
  const spec = checkSpec(taskSpec(job, options, typeof job.run === 'function' ? 'here' : 'thread'))
  checkJobPlacement('Task.child', job, spec.placement)
  return spec
}

function asyncStream<Item, Value>(
  items: Items<Item>,
  body: TaskBody<Item, Value>,
  options: StreamOptions & TaskOptions = {},
): AsyncIterableIterator<StreamResult<Item, Value>> {
  const { placement = 'here', ...rest } = options
  const checked = checkedStream('Task.asyncStream', rest)
  checkedJob('Task.asyncStream', jobOf('Task.asyncStream', body, undefined), { placement })
  const starter = {
    start: (item: Item): Task<Value> => startAsync(body, item, { placement }),
    discard: (task: StreamTask): Promise<void> => discard(acting('Task.asyncStream'), task),
  }
  return trusted(stream(items, starter, checked))
}

export const Task = {
  /**
   * Starts a task that is linked to the acting actor, which owns it and gets its result: by
   * `await` or `yield`, or else as a message `{ type: 'TASK', ref, value }` and a `DOWN`.
   *
   * @throws {TypeError} Neither a function nor what `actor()` returned; a function elsewhere.
   */
  async: startAsync,
  /** Starts one that nobody waits for, not linked. */
  start: <Args>(body: TaskBody<Args, unknown>, args?: Args, options: TaskOptions = {}): Pid =>
    start('Task.start', body, args, options, false),
  /** Starts one that nobody waits for, linked. */
  startLink: <Args>(body: TaskBody<Args, unknown>, args?: Args, options: TaskOptions = {}): Pid =>
    start('Task.startLink', body, args, options, true),
  /**
   * The result.
   *
   * @throws {TaskExited} It ended without one; `reason` says why.
   * @throws {CallTimeout} Not within `timeoutMs` (default 5000); what comes later is dropped.
   * @throws {TypeError} Another actor's task.
   */
  await: awaitTask,
  /** The results in the order of the tasks; fails as soon as one of them does. */
  awaitMany,
  /** A task without a process, whose result is known. */
  completed,
  /** Who has asked for the acting task, who has asked for that, …; nearest first. */
  callers,
  /** How it ended, or `undefined` if it has not yet; it goes on and can be asked again. */
  yield: yieldTask,
  /**
   * How each ended, or `undefined`, when all have, when `limit` of them have, or when the time is
   * over. What has not ended by then goes on and can be asked again (default), is ignored, or is
   * killed.
   */
  yieldMany: <Value>(
    tasks: readonly Task<Value>[],
    options: YieldManyOptions = {},
  ): Promise<(TaskResult<Value> | undefined)[]> =>
    yieldMany(ownerOf('yieldMany', tasks), tasks, options),
  /** Ends it: `undefined`, or how it had ended by itself before. Kills it if time runs out. */
  shutdown,
  /** Gives up its result; it goes on. What had arrived already is returned. */
  ignore,
  /**
   * Runs the body once for each item, `maxConcurrency` at a time, and gives the results in the
   * items' order (or, with `ordered: false`, as they come). Tasks start when results are asked for
   * and are linked to whoever asks.
   *
   * @throws {CallTimeout} While iterating: an item took longer than `timeoutMs`.
   */
  asyncStream,
  /** A task as a supervised child; `temporary` unless `restart` says otherwise. */
  child,
}

function startJob(
  parent: Process,
  job: TaskJob,
  placement: Placement,
  watch: { readonly link: boolean; readonly monitor: boolean },
): { readonly pid: Pid; readonly ref: Ref | undefined } {
  const { address: definition } = taskActor
  const id = nameOf(job)
  return launch(parent, { definition, args: job, kind: 'worker', id, placement, ...watch })
}

function checkedJob(what: string, job: TaskJob, options: TaskOptions): TaskJob {
  checkKeys(what, options, ['placement'])
  const { placement = 'here' } = options
  checkPlacement(what, placement)
  checkJobPlacement(what, job, placement)
  return job
}

/** @throws {TypeError} Not tasks, or another actor's. */
function ownerOf(what: string, tasks: readonly Task<unknown>[]): Process {
  const owner = acting(`Task.${what}`)
  for (const task of tasks) {
    if (typeof task?.ref !== 'string') {
      throw new TypeError(`Task.${what}: expected a task, got ${printable(task)}.`)
    }
    if (task.owner === owner.pid) continue
    throw new TypeError(
      `Task.${what}: the task ${task.pid} belongs to ${task.owner}; only its owner can ask for it, and this is ${owner.pid}.`,
    )
  }
  return owner
}

/** The type of a result is its task's word: at run time it is whatever the task returned. */
function trusted<Value>(value: unknown): Value
function trusted(value: unknown): unknown {
  return value
}
