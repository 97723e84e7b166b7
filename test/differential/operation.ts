/** A step with the pids that its names have at this moment. */

import type { Pid } from '../../runtime/index.ts'
import type { Book } from './book.ts'
import type { Counters, Operation, World } from './events.ts'
import type { ChildPlan, Step, SupervisorPlan } from './program.ts'

/** A step about somebody who was never there; both sides report it and go on. */
export class Unborn extends Error {}

/** @throws {Unborn} */
export function toOperation(step: Step, book: Book, world: World): Operation {
  switch (step.do) {
    case 'spawn': {
      const { as: key, trap, hoard, link = false, monitor } = step
      return { do: 'spawn', key, trap, hoard, link, monitor: monitor !== undefined }
    }
    case 'link':
    case 'unlink':
      return { do: step.do, pid: pidOf(book, step.target) }
    case 'monitor':
      return { do: 'monitor', target: address(book, world, step.target) }
    case 'send':
      return { do: 'send', target: address(book, world, step.target), value: step.value }
    case 'demonitor': {
      const ref = book.refs.get(step.ref)
      if (!ref) throw new Unborn(step.ref)
      return { do: 'demonitor', ref, flush: step.flush ?? false, info: step.info ?? false }
    }
    case 'exit':
      return { do: 'exit', reason: step.reason, caught: step.caught ?? false }
    case 'signal':
      return { do: 'signal', pid: pidOf(book, step.target), reason: step.reason }
    case 'register':
      return { do: 'register', name: world.prefix + step.name, pid: pidOf(book, step.target) }
    case 'unregister':
    case 'whereis':
      return { do: step.do, name: world.prefix + step.name }
    case 'trap':
      return { do: 'trap', on: step.on }
    case 'throw':
    case 'drain':
      return { do: step.do }
    case 'end':
    case 'crash':
      throw new Unborn(`${step.do} is the controller's`)
    case 'start_supervisor':
    case 'start_dynamic':
    case 'start_child':
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
    case 'terminate_dynamic_child':
    case 'which_children':
    case 'count_children':
    case 'start_dynamic_child':
      return toSupervision(step, book)
    default:
      return step satisfies never
  }
}

type SupervisionStep = Extract<
  Step,
  { supervisor: string } | { do: 'start_supervisor' | 'start_dynamic' }
>

function toSupervision(step: SupervisionStep, book: Book): Operation {
  switch (step.do) {
    case 'start_supervisor': {
      const { as: key, spec } = step
      return { do: 'start_supervisor', key, spec, counters: enter(book, key, spec) }
    }
    case 'start_dynamic':
      book.templates.set(step.as, step.child)
      return { do: 'start_dynamic', key: step.as, intensity: step.intensity }
    case 'start_child':
      return startChild(book, step.supervisor, step.child.id, step.child)
    case 'start_dynamic_child': {
      const template = book.templates.get(step.supervisor)
      if (!template) throw new Unborn(step.supervisor)
      return startChild(book, step.supervisor, step.id, { ...template, id: step.id })
    }
    case 'terminate_dynamic_child': {
      const pid = pidOf(book, step.supervisor)
      const child = pidOf(book, `${step.supervisor}/${step.id}`)
      // OTP says ok of a dead one, Elixir not_found: not compared.
      if (!book.alive.has(book.keyOf(child) ?? '')) throw new Unborn(step.id)
      return { do: step.do, pid, child }
    }
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
      return { do: step.do, pid: pidOf(book, step.supervisor), id: step.id }
    case 'which_children':
    case 'count_children': {
      const dynamic = book.supervisors.get(step.supervisor) ?? false
      return { do: step.do, pid: pidOf(book, step.supervisor), dynamic }
    }
    default:
      return step satisfies never
  }
}

function startChild(book: Book, supervisor: string, id: string, child: ChildPlan): Operation {
  const key = `${supervisor}/${id}`
  const dynamic = book.supervisors.get(supervisor) ?? false
  const counter = book.counterOf(key)
  return { do: 'start_child', pid: pidOf(book, supervisor), key, child, counter, dynamic }
}

function enter(book: Book, key: string, spec: SupervisorPlan): Counters {
  const counters: Record<string, number> = {}
  for (const plan of spec.children) {
    const path = `${key}/${plan.id}`
    if (!('nested' in plan)) {
      counters[path] = book.counterOf(path)
      continue
    }
    book.nested.add(path)
    for (const inner of plan.nested.children) {
      counters[`${path}/${inner.id}`] = book.counterOf(`${path}/${inner.id}`)
    }
  }
  return counters
}

/** A process by its key, a child by its path: the newest that was born there. */
function pidOf(book: Book, target: string): Pid {
  const pid = book.pids.get(target)
  if (!pid) throw new Unborn(target)
  return pid
}

function address(book: Book, world: World, target: string): Pid | string {
  return target.startsWith('@') ? world.prefix + target.slice(1) : pidOf(book, target)
}
