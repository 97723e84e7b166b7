/** Where the processes of a program live when it runs here. */

import { createHash } from 'node:crypto'
import type { Placement } from '../../runtime/index.ts'
import { type Program, type Step, topOf } from './program.ts'

/**
 * `here`: all in the controller's thread. `shared`: two threads, both shared. `own`: each process
 * in a thread of its own, supervisors in the root thread. `mixed`: any of these, main and root too.
 */
export const FAMILIES = ['here', 'shared', 'own', 'mixed'] as const
export type Family = (typeof FAMILIES)[number]

const SHARED: readonly Placement[] = [{ thread: 'one' }, { thread: 'two' }]
const MIXED: readonly Placement[] = ['caller', 'root', ...SHARED, 'thread']
const MIXED_SUPERVISOR: readonly Placement[] = ['caller', 'root', ...SHARED]

/** The thread of a process, a supervisor or a child by its path; the same in every run. */
export function placementOf(family: Family, path: string): Placement {
  const isSupervisor = /^[sd][^/]*$/.test(path)
  switch (family) {
    case 'here':
      return 'caller'
    case 'shared':
      return pick(SHARED, path)
    case 'own':
      return isSupervisor ? 'root' : 'thread'
    case 'mixed':
      return pick(isSupervisor ? MIXED_SUPERVISOR : MIXED, path)
    default:
      return family satisfies never
  }
}

function pick(from: readonly Placement[], path: string): Placement {
  const first = createHash('md5').update(path).digest().readUInt16BE(0)
  return from[first % from.length] ?? 'caller'
}

/**
 * The program as it is run in a family. A pid of another thread is to us what one of another node
 * is to OTP: it cannot be registered here (so it registers itself), and a link to a dead one is no
 * exception but an exit signal (so OTP is told to do the same).
 */
export function adapt(program: Program, family: Family): Program {
  return { steps: program.steps.map((step) => adaptStep(step, family)) }
}

function adaptStep(step: Step, family: Family): Step {
  if (step.do === 'register' && !together(family, step.by, step.target)) {
    return { ...step, by: step.target }
  }
  if (step.do === 'link') return { ...step, remote: !together(family, step.by, step.target) }
  return step
}

function together(family: Family, one: string, other: string): boolean {
  if (one === other || family === 'here') return true
  const [first, second] = [one, other].map((path) => placementOf(family, placed(path)))
  return first !== 'thread' && JSON.stringify(first) === JSON.stringify(second)
}

/** A nested supervisor lives where its supervisor lives. */
function placed(path: string): string {
  return /^s[^/]*\/n[^/]*$/.test(path) ? topOf(path) : path
}
