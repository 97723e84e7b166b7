/** The house of nodelens: which actors there are, where they live, and who restarts them. */
import { type ChildSpec, child, dynamicSupervisor, supervisor } from '../../runtime/index.ts'
import type { LensPlan } from '../lens-plan.ts'
import { coordinator } from './coordinator.ts'
import { door } from './door.ts'
import { journal } from './journal-server.ts'
import { lookouts } from './lookout-server.ts'
import { model } from './model-server.ts'
import { names } from './names.ts'
import { observer } from './observer-server.ts'
import { probe } from './probe-server.ts'
import { sandbox } from './sandbox-server.ts'
import { triggers } from './triggers.ts'

/** Operators that run at a time; each is a thread. */
const maxOperators = 64

/**
 * Started first to last, ended last to first. Each is restarted alone; the intensity allows for a
 * provoked crash now and then, not for a crash loop.
 */
export function lensTree(plan: LensPlan): ChildSpec {
  const { node, operatorIdleMs } = plan
  const inRoot = { placement: 'root' } as const
  return supervisor('nodelens', {
    strategy: 'one_for_one',
    maxRestarts: 10,
    maxSeconds: 10,
    children: [
      child(journal, { args: plan.journal, ...inRoot }),
      ...(plan.observer === undefined ? [] : [child(observer, { args: plan.observer, ...inRoot })]),
      child(model, { args: plan.model, ...inRoot }),
      child(probe, { args: plan.probe, ...inRoot }),
      child(sandbox, { ...inRoot }),
      dynamicSupervisor(names.operators, {
        maxRestarts: 10,
        maxSeconds: 10,
        maxChildren: maxOperators,
      }),
      child(coordinator, { args: { node, operatorIdleMs } }),
      ...(plan.triggers === undefined ? [] : [child(triggers, { args: plan.triggers, ...inRoot })]),
      ...(plan.lookouts === undefined ? [] : [child(lookouts, { args: plan.lookouts, ...inRoot })]),
      child(door, { args: { node, operatorIdleMs }, ...inRoot }),
    ],
  })
}
