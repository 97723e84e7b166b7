/** What a process of a program does to supervisors, in the words that OTP has for the outcomes. */

import {
  type ChildSpec,
  child as childSpec,
  DynamicSupervisor,
  type ExitReason,
  isExitReason,
  isRuntimeFailure,
  type Pid,
  Supervisor,
  supervisor,
} from '../../runtime/index.ts'
import { child } from './child.ts'
import type { Counters, Operation, Result, Row, World } from './events.ts'
import { placementOf } from './placement.ts'
import type { ChildPlan, NestedPlan, SupervisorPlan } from './program.ts'
import { fromExitReason, type Json, toJson } from './reason.ts'

/** Longer than any start or stop of a program; OTP waits for ever. */
const CALL = { timeoutMs: 20_000 }
const PERIOD_SECONDS = 3600

type Supervision = Extract<
  Operation,
  {
    do:
      | 'start_supervisor'
      | 'start_dynamic'
      | 'start_child'
      | 'terminate_child'
      | 'restart_child'
      | 'delete_child'
      | 'terminate_dynamic_child'
      | 'which_children'
      | 'count_children'
  }
>

export async function supervise(world: World, operation: Supervision): Promise<Result> {
  try {
    return await manage(world, operation)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return json(refusal(error, operation))
  }
}

async function manage(world: World, operation: Supervision): Promise<Result> {
  switch (operation.do) {
    case 'start_supervisor':
      return startSupervisor(world, operation)
    case 'start_dynamic': {
      const { key, intensity: maxRestarts } = operation
      const started = await DynamicSupervisor.start(
        { maxRestarts, maxSeconds: PERIOD_SECONDS },
        { placement: placementOf(world.family, key) },
      )
      return { type: 'supervisor', pid: started.pid() }
    }
    case 'which_children':
      return { type: 'children', rows: await rows(operation.pid, operation.dynamic) }
    case 'count_children':
      return json(await counts(operation.pid, operation.dynamic))
    case 'start_child':
      return json(await startChild(world, operation))
    case 'terminate_dynamic_child':
      return json(
        await DynamicSupervisor.ref(operation.pid).call('terminateChild', operation.child, CALL),
      )
    case 'terminate_child':
      return json(await Supervisor.ref(operation.pid).call('terminateChild', operation.id, CALL))
    case 'delete_child':
      return json(await Supervisor.ref(operation.pid).call('deleteChild', operation.id, CALL))
    case 'restart_child': {
      const pid = await Supervisor.ref(operation.pid).call('restartChild', operation.id, CALL)
      return json(pid === undefined ? 'ignored' : 'started')
    }
    default:
      return operation satisfies never
  }
}

async function startSupervisor(
  world: World,
  { key, spec, counters }: Extract<Operation, { do: 'start_supervisor' }>,
): Promise<Result> {
  const started = await Supervisor.start(
    {
      strategy: spec.strategy,
      maxRestarts: spec.intensity,
      maxSeconds: PERIOD_SECONDS,
      children: spec.children.map((plan) => specOf(world, key, plan, counters)),
    },
    { placement: placementOf(world.family, key) },
  )
  return { type: 'supervisor', pid: started.pid() }
}

function specOf(
  world: World,
  parent: string,
  plan: SupervisorPlan['children'][number],
  counters: Counters,
): ChildSpec {
  const path = `${parent}/${plan.id}`
  if (!('nested' in plan)) return workerOf(world, path, plan, counters[path] ?? 0)
  const { strategy, intensity: maxRestarts, children }: NestedPlan['nested'] = plan.nested
  const inner = supervisor(plan.id, {
    strategy,
    maxRestarts,
    maxSeconds: PERIOD_SECONDS,
    children: children.map((one) => specOf(world, path, one, counters)),
  })
  return { ...inner, name: world.prefix + path }
}

function workerOf(world: World, path: string, plan: ChildPlan, counter: number): ChildSpec {
  const { id, restart, shutdown, name } = plan
  return childSpec(child, {
    id,
    args: { world, path, counter, plan },
    restart,
    shutdown,
    name: name === undefined ? false : world.prefix + name,
    placement: placementOf(world.family, path),
  })
}

async function startChild(
  world: World,
  { pid, key, child: plan, counter, dynamic }: Extract<Operation, { do: 'start_child' }>,
): Promise<Json> {
  const spec = workerOf(world, key, plan, counter)
  const started = dynamic
    ? await DynamicSupervisor.ref(pid).call('startChild', spec, CALL)
    : await Supervisor.ref(pid).call('startChild', spec, CALL)
  return started === undefined ? 'ignored' : 'started'
}

/** In OTP's order: newest first; of dynamic ones the ids and the order are not compared. */
export async function rows(pid: Pid, dynamic: boolean): Promise<readonly Row[]> {
  const ref = dynamic ? DynamicSupervisor.ref(pid) : Supervisor.ref(pid)
  const children = await ref.call('whichChildren', undefined, CALL)
  return children.map(({ id, pid: childPid, status }) => ({
    id: dynamic ? null : (id ?? null),
    pid: childPid,
    status,
  }))
}

/** OTP counts one spec of all dynamic children, Elixir as many as there are: not compared. */
export async function counts(pid: Pid, dynamic: boolean): Promise<Json> {
  const ref = dynamic ? DynamicSupervisor.ref(pid) : Supervisor.ref(pid)
  const { specs, active, supervisors, workers } = await ref.call('countChildren', undefined, CALL)
  return { ...(dynamic ? {} : { specs }), active, supervisors, workers }
}

const REFUSALS: Readonly<Record<string, Json>> = {
  ERR_CHILD_NOT_FOUND: 'not_found',
  ERR_CHILD_PRESENT: 'already_present',
  ERR_CHILD_RUNNING: 'running',
  ERR_CHILD_RESTARTING: 'restarting',
}

/** The words of supervisor(3) for what our errors say. */
function refusal(error: Error, operation: Supervision): Json {
  const code = 'code' in error ? error.code : undefined
  const reason = 'reason' in error && isExitReason(error.reason) ? error.reason : undefined
  const word = REFUSALS[String(code)]
  if (word !== undefined) return word
  if (code === 'ERR_NO_PROCESS') return { exits: 'noproc' }
  if (code === 'ERR_PROCESS_DOWN' && reason) return { exits: fromExitReason(reason) }
  if (code === 'ERR_START_FAILED' && reason) return { failed: failed(reason) }
  if (code === 'ERR_ALREADY_STARTED') {
    return operation.do === 'start_child' ? 'already_started' : 'running'
  }
  if (isRuntimeFailure(error) || code !== undefined) return toJson({ code, message: error.message })
  throw error
}

function failed(reason: ExitReason): Json {
  return fromExitReason(reason)
}

function json(value: Json): Result {
  return { type: 'json', json: value }
}
