/** The actor that runs one task, in whatever thread. */

import { type ChildSpec, DEFAULT_SHUTDOWN_MS } from './child-spec.ts'
import { acting } from './current.ts'
import {
  actor,
  type BodyDefinition,
  type ErasedBody,
  isDefinition,
  loadDefinition,
} from './definition.ts'
import { isRef, type Pid, type Ref } from './pid.ts'
import type { Placement } from './placement.ts'
import type { Process } from './process.ts'
import type { RestartType } from './restart-plan.ts'
import { type DefinitionAddress, isDownMessage } from './signal.ts'
import { demonitor, exit, monitor, receive } from './signals.ts'
import { printable } from './wire.ts'

/** What a task runs: a function of this thread, or what `actor()` returned. */
export type TaskBody<Args, Value> =
  | ((args: Args) => Value | Promise<Value>)
  | BodyDefinition<Args, Value>

export interface TaskJob {
  /** A function, which never leaves its thread, or the address of a definition. */
  readonly run: ErasedBody | DefinitionAddress
  readonly args: unknown
  /** Who gets the result; the task waits until they are ready for it. */
  readonly owner?: Pid
  /** Who asked for the task, who asked for that, …; nearest first. */
  readonly callers?: readonly Pid[]
}

/** The owner is linked and watches: the task may start. */
export interface TaskGo {
  readonly type: '$go'
  readonly ref: Ref
}

/** Callers of the tasks of this thread. */
const callersOf = new WeakMap<Process, readonly Pid[]>()
/** How many of them are remembered. */
const MAX_CALLERS = 16

/** Who has the acting actor, a task, done this: the caller, its caller, …; none for no task. */
export function callers(): readonly Pid[] {
  return callersOf.get(acting('Task.callers')) ?? []
}

/** The callers of a task that the acting actor asks for. */
export function nextCallers(asker: Process): readonly Pid[] {
  return [asker.pid, ...(callersOf.get(asker) ?? [])].slice(0, MAX_CALLERS)
}

export const taskActor = actor(import.meta, {
  name: 'nodelens.task',
  run: async ({ run, args, owner, callers }: TaskJob): Promise<void> => {
    if (callers) callersOf.set(acting('task'), callers)
    const ref = owner ? await ready(owner) : undefined
    const value = await perform(run, args)
    if (!owner || !ref) return
    acting('task').kernel.send({ type: 'reply', to: owner, ref, value })
  },
})

/** @throws {TypeError} Neither a function nor what `actor()` returned. */
export function jobOf(
  what: string,
  body: unknown,
  args: unknown,
  { owner, asker }: { readonly owner?: Pid; readonly asker?: Process } = {},
): TaskJob {
  const common = {
    args,
    ...(owner === undefined ? {} : { owner }),
    ...(asker ? { callers: nextCallers(asker) } : {}),
  }
  if (isDefinition(body)) return { run: body.address, ...common }
  if (isFunction(body)) return { run: body, ...common }
  throw new TypeError(
    `${what}: expected a function or what actor() returned, got ${printable(body)}.`,
  )
}

/** @throws {TypeError} A function is to go to another thread. */
export function checkJobPlacement(what: string, job: TaskJob, placement: Placement): void {
  if (typeof job.run !== 'function' || placement === 'here') return
  throw new TypeError(
    `${what}: a function cannot go to another thread. Define it with actor(import.meta, { name, run }) and export that.`,
  )
}

export interface TaskChildOptions {
  readonly id?: string
  /** Default `'temporary'`, as Elixir. */
  readonly restart?: RestartType
  /** Default 5000 ms. */
  readonly shutdown?: ChildSpec['shutdown']
  readonly placement?: Placement
}

export function taskSpec(job: TaskJob, options: TaskChildOptions, placement: Placement): ChildSpec {
  return {
    id: options.id ?? nameOf(job),
    definition: taskActor.address,
    args: job,
    restart: options.restart ?? 'temporary',
    shutdown: options.shutdown ?? DEFAULT_SHUTDOWN_MS,
    type: 'worker',
    placement: options.placement ?? placement,
  }
}

export function nameOf({ run }: TaskJob): string {
  return run.name || 'anonymous task'
}

async function perform(run: TaskJob['run'], args: unknown): Promise<unknown> {
  if (typeof run === 'function') return run(args)
  const definition = await loadDefinition(run)
  if ('run' in definition) return definition.run(args)
  throw new TypeError(`Task: '${run.name}' is a server; a task runs what actor() returned.`)
}

/** An owner that ends before it is ready takes the task along. */
async function ready(owner: Pid): Promise<Ref> {
  const watch = monitor(owner)
  const next = await receive((m) => isGo(m) || (isDownMessage(m) && m.ref === watch))
  demonitor(watch, { flush: true })
  if (isGo(next)) return next.ref
  return exit(isDownMessage(next) ? next.reason : { type: 'noproc' })
}

function isGo(message: unknown): message is TaskGo {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === '$go' &&
    'ref' in message &&
    isRef(message.ref)
  )
}

function isFunction(value: unknown): value is ErasedBody {
  return typeof value === 'function'
}
