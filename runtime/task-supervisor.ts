/** Tasks under a supervisor, after Elixir's `Task.Supervisor`. */

import { type ChildSpec, checkSpec } from './child-spec.ts'
import { acting } from './current.ts'
import { dynamicSupervisor } from './dynamic-supervisor.ts'
import { TaskExited } from './errors.ts'
import { NOPROC } from './exit-reason.ts'
import { checkKeys } from './options.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { DynamicSupervisor, type SupervisorTarget } from './supervisors.ts'
import { begin, discard, type Task } from './task.ts'
import {
  jobOf,
  type TaskBody,
  type TaskChildOptions,
  type TaskJob,
  taskSpec,
} from './task-process.ts'
import {
  checkedStream,
  type Items,
  type StreamOptions,
  type StreamResult,
  type StreamTask,
  stream,
} from './task-stream.ts'

/** `placement` is where the task runs; default `'here'`, which is the supervisor's thread. */
export type SupervisedTaskOptions = Pick<TaskChildOptions, 'shutdown' | 'placement'>

const ASYNC_KEYS = ['shutdown', 'placement']

function startAsync<Args, Value>(
  supervisor: SupervisorTarget,
  body: TaskBody<Args, Value>,
  args?: Args,
  options: SupervisedTaskOptions = {},
): Promise<Task<Value>> {
  return startTask(supervisor, body, args, options, true)
}

function startAsyncNolink<Args, Value>(
  supervisor: SupervisorTarget,
  body: TaskBody<Args, Value>,
  args?: Args,
  options: SupervisedTaskOptions = {},
): Promise<Task<Value>> {
  return startTask(supervisor, body, args, options, false)
}

/** The task waits for its owner, so that link and monitor are there before it does anything. */
async function startTask<Args, Value>(
  supervisor: SupervisorTarget,
  body: TaskBody<Args, Value>,
  args: Args | undefined,
  options: SupervisedTaskOptions,
  link: boolean,
): Promise<Task<Value>> {
  checkKeys('TaskSupervisor.async', options, ASYNC_KEYS)
  const owner = acting('TaskSupervisor.async')
  const job = jobOf('TaskSupervisor.async', body, args, { owner: owner.pid, asker: owner })
  const pid = await startUnder(supervisor, job, options)
  return adopt(owner, pid, job, link)
}

function adopt<Value>(owner: Process, pid: Pid, job: TaskJob, link: boolean): Task<Value> {
  const { kernel } = owner
  const ref = kernel.newRef()
  if (link) {
    owner.addLink(pid)
    kernel.send({ type: 'link', to: pid, from: owner.pid })
  }
  return begin(owner, { pid, ref }, job, false)
}

async function startChild<Args>(
  supervisor: SupervisorTarget,
  body: TaskBody<Args, unknown>,
  args?: Args,
  options: TaskChildOptions = {},
): Promise<Pid> {
  checkKeys('TaskSupervisor.startChild', options, ['id', 'restart', 'shutdown', 'placement'])
  const asker = acting('TaskSupervisor.startChild')
  return startUnder(supervisor, jobOf('TaskSupervisor.startChild', body, args, { asker }), options)
}

async function startUnder(
  supervisor: SupervisorTarget,
  job: TaskJob,
  options: TaskChildOptions,
): Promise<Pid> {
  const pid = await DynamicSupervisor.startChild(supervisor, taskSpec(job, options, 'here'))
  if (!pid) throw new TaskExited('a task', NOPROC)
  return pid
}

async function children(supervisor: SupervisorTarget): Promise<Pid[]> {
  const rows = await DynamicSupervisor.whichChildren(supervisor)
  return rows.flatMap(({ pid }) => (pid ? [pid] : []))
}

function streamUnder<Item, Value>(
  supervisor: SupervisorTarget,
  items: Items<Item>,
  body: TaskBody<Item, Value>,
  options: StreamOptions & SupervisedTaskOptions,
  link: boolean,
): AsyncIterableIterator<StreamResult<Item, Value>> {
  const { shutdown, placement, ...rest } = options
  const checked = checkedStream('TaskSupervisor.asyncStream', rest)
  const task: SupervisedTaskOptions = {
    ...(shutdown === undefined ? {} : { shutdown }),
    ...(placement === undefined ? {} : { placement }),
  }
  checkSpec(taskSpec(jobOf('TaskSupervisor.asyncStream', body, undefined), task, 'here'))
  const starter = {
    start: (item: Item): Promise<Task<Value>> => startTask(supervisor, body, item, task, link),
    discard: (one: StreamTask): Promise<void> => discard(acting('asyncStream'), one),
  }
  return trusted(stream(items, starter, checked))
}

export const TaskSupervisor = {
  /** Starts one in this thread; `maxChildren` bounds the tasks at the same time. */
  start: DynamicSupervisor.start,
  /**
   * As `Task.async`, but the task is a child of the supervisor; linked to the acting actor.
   *
   * @throws {ChildError} `ERR_MAX_CHILDREN`.
   * @throws {NotSendable} The supervisor lives in another thread and the body is a function.
   */
  async: startAsync,
  /** The same without the link: a crash of the task only shows as its outcome. */
  asyncNolink: startAsyncNolink,
  /** Starts one that nobody waits for; `temporary` unless `restart` says otherwise. */
  startChild,
  terminateChild: DynamicSupervisor.terminateChild,
  /** The pids of the tasks that run. */
  children,
  countChildren: DynamicSupervisor.countChildren,
  /** As `Task.asyncStream`, with the tasks under the supervisor and linked to the consumer. */
  asyncStream: <Item, Value>(
    supervisor: SupervisorTarget,
    items: Items<Item>,
    body: TaskBody<Item, Value>,
    options: StreamOptions & SupervisedTaskOptions = {},
  ): AsyncIterableIterator<StreamResult<Item, Value>> =>
    streamUnder(supervisor, items, body, options, true),
  /** The same without links: failed items need no trapping of exits. */
  asyncStreamNolink: <Item, Value>(
    supervisor: SupervisorTarget,
    items: Items<Item>,
    body: TaskBody<Item, Value>,
    options: StreamOptions & SupervisedTaskOptions = {},
  ): AsyncIterableIterator<StreamResult<Item, Value>> =>
    streamUnder(supervisor, items, body, options, false),
}

/** A child that is a supervisor of tasks, for `startRuntime` or `supervisor`. */
export function taskSupervisor(
  id: string,
  options: Parameters<typeof dynamicSupervisor>[1] = {},
): ChildSpec {
  return dynamicSupervisor(id, options)
}

function trusted<Value>(value: unknown): Value
function trusted(value: unknown): unknown {
  return value
}
