/** The smallest program that still diverges. */

import type { ChildPlan, Program, Step } from './program.ts'
import { keepSound } from './sound.ts'
import type { Trial } from './trial.ts'

/** `false` is longer than `true`, and yet simpler; no simplification is ever taken back. */
const SLACK = 8

/**
 * @param first A program on which the sides differ.
 * @param attempt Runs a candidate.
 * @returns The last trial in which they differed, which may be one of many runs if it is a race.
 */
export async function shrink(
  first: Trial,
  attempt: (candidate: Program) => Promise<Trial>,
  maxRuns = 400,
): Promise<Trial> {
  let smallest = first
  let runs = 0
  for (let improved = true; improved; ) {
    improved = false
    for (const steps of candidates(smallest.program.steps)) {
      const candidate: Program = { steps: keepSound(steps) }
      if (size(candidate) > size(smallest.program) + SLACK) continue
      if (++runs > maxRuns) return smallest
      const trial = await attempt(candidate)
      if (trial.agrees) continue
      smallest = trial
      improved = true
      break
    }
  }
  return smallest
}

function size(program: Program): number {
  return JSON.stringify(program).length
}

/** Large cuts first: halves, single steps (with all that needs them), then simpler steps. */
function* candidates(steps: readonly Step[]): Generator<readonly Step[]> {
  for (let length = Math.floor(steps.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let from = steps.length - length; from >= 0; from -= length) {
      yield steps.toSpliced(from, length)
    }
  }
  for (const [index, step] of steps.entries()) {
    for (const simpler of simplifications(step)) yield steps.with(index, simpler)
  }
}

function* simplifications(step: Step): Generator<Step> {
  if ('reason' in step && step.reason !== 'boom') yield { ...step, reason: 'boom' }
  if (step.do === 'spawn') {
    if (step.link) yield without(step, 'link')
    if (step.monitor !== undefined) yield without(step, 'monitor')
    if (step.hoard) yield { ...step, hoard: false }
    if (step.trap) yield { ...step, trap: false }
  } else if (step.do === 'demonitor') {
    if (step.flush) yield without(step, 'flush')
    if (step.info) yield without(step, 'info')
  } else if (step.do === 'start_supervisor') {
    yield* simplerSupervisors(step)
  } else if (step.do === 'start_dynamic' || step.do === 'start_child') {
    for (const child of simplerPlans(step.child)) yield { ...step, child }
  }
}

function* simplerSupervisors(step: Extract<Step, { do: 'start_supervisor' }>): Generator<Step> {
  const { spec } = step
  const withChildren = (children: typeof spec.children): Step => ({
    ...step,
    spec: { ...spec, children },
  })
  for (const [index, plan] of spec.children.entries()) {
    yield withChildren(spec.children.toSpliced(index, 1))
    if (!('nested' in plan)) {
      for (const simpler of simplerPlans(plan))
        yield withChildren(spec.children.with(index, simpler))
      continue
    }
    const { nested } = plan
    for (const [at, inner] of nested.children.entries()) {
      const fewer = { ...plan, nested: { ...nested, children: nested.children.toSpliced(at, 1) } }
      yield withChildren(spec.children.with(index, fewer))
      for (const simpler of simplerPlans(inner)) {
        const children = nested.children.with(at, simpler)
        yield withChildren(spec.children.with(index, { ...plan, nested: { ...nested, children } }))
      }
    }
  }
}

function* simplerPlans(plan: ChildPlan): Generator<ChildPlan> {
  if (plan.name !== undefined) yield without(plan, 'name')
  if (plan.starts.length > 1 || plan.starts[0] !== 'ok') yield { ...plan, starts: ['ok'] }
  for (const [index] of plan.starts.entries()) {
    if (plan.starts.length > 1) yield { ...plan, starts: plan.starts.toSpliced(index, 1) }
  }
  if (plan.stubborn) yield { ...plan, stubborn: false, shutdown: 5000 }
  else if (plan.shutdown !== 5000) yield { ...plan, shutdown: 5000 }
  if (plan.trap) yield { ...plan, trap: false }
}

function without<Value extends object, Key extends keyof Value>(
  value: Value,
  key: Key,
): Omit<Value, Key> {
  const { [key]: _, ...rest } = value
  return rest
}
