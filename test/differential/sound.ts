/**
 * Which programs have one outcome only. A step is refused that names somebody who is nowhere
 * defined, or after which two deaths could race: OTP itself would answer differently from run to
 * run.
 */

import { type ChildPlan, CONTROLLER, type Step, type SupervisorPlan, topOf } from './program.ts'

/** What the plans of one supervisor's tree hold that can race. */
interface Tree {
  flashes: number
  fails: number
  nested: number
}

/** Keeps of the steps those that are sound after the ones kept before them. */
export function keepSound(steps: readonly Step[]): Step[] {
  const soundness = new Soundness()
  return steps.filter((step) => soundness.accepts(step))
}

export class Soundness {
  readonly agents = new Set<string>()
  readonly supervisors = new Set<string>()
  readonly dynamics = new Set<string>()
  readonly nested = new Set<string>()
  readonly children = new Set<string>()
  readonly refs = new Set<string>()
  readonly #trees = new Map<string, Tree>()
  readonly #edges: (readonly [string, string])[] = []

  /** Takes the step in, if it is sound. */
  accepts(step: Step): boolean {
    if (!this.#isDefined(step) || !this.#keepsOrder(step)) return false
    this.#define(step)
    return true
  }

  #isDefined(step: Step): boolean {
    if (step.by === CONTROLLER) {
      if (step.do === 'spawn') return !this.agents.has(step.as)
      return (step.do === 'end' || step.do === 'crash') && this.children.has(step.target)
    }
    if (!this.agents.has(step.by) || step.do === 'end' || step.do === 'crash') return false
    if (step.do === 'spawn') return !this.agents.has(step.as) && !this.refs.has(step.monitor ?? '')
    if (step.do === 'register') return this.agents.has(step.target)
    if (step.do === 'demonitor') return this.refs.has(step.ref)
    if (step.do === 'monitor' && this.refs.has(step.as)) return false
    if (step.do === 'start_supervisor' || step.do === 'start_dynamic') {
      return !this.supervisors.has(step.as) && !this.dynamics.has(step.as)
    }
    if ('target' in step) return step.target.startsWith('@') || this.#isProcess(step.target)
    return !('supervisor' in step) || this.#isSupervisor(step)
  }

  #isSupervisor({ do: what, supervisor }: Step & { readonly supervisor: string }): boolean {
    const isStatic = this.supervisors.has(supervisor) || this.nested.has(supervisor)
    const isDynamic = this.dynamics.has(supervisor)
    if (what === 'which_children' || what === 'count_children') return isStatic || isDynamic
    return what.includes('dynamic') ? isDynamic : isStatic
  }

  #isProcess(key: string): boolean {
    return [this.agents, this.supervisors, this.dynamics, this.nested, this.children].some((set) =>
      set.has(key),
    )
  }

  #keepsOrder(step: Step): boolean {
    if (step.do === 'link') return !this.#closesCircle([step.by, step.target])
    if (step.do === 'signal') {
      // The orphans of a nested one die while its successor starts the same children.
      return step.reason !== 'kill' || !this.nested.has(step.target)
    }
    if (step.do === 'start_supervisor') {
      // A supervisor that gives up at once may do so before or after its starter hears of it.
      const { children } = step.spec
      const plans = children.flatMap((one) => ('nested' in one ? one.nested.children : [one]))
      const isQuickEnd = plans.some(({ starts: [first] }) => isFlash(first))
      return plans.every(isPossible) && !isQuickEnd && isTreeSound(treeOf(step.spec))
    }
    if (step.do === 'start_dynamic') {
      return isPossible(step.child) && step.child.name === undefined && !ignoresLater(step.child)
    }
    if (step.do !== 'start_child') return true
    const tree = this.#trees.get(topOf(step.supervisor))
    return tree !== undefined && isPossible(step.child) && isTreeSound(added(tree, step.child))
  }

  #define(step: Step): void {
    if (step.do === 'spawn') {
      this.agents.add(step.as)
      if (step.monitor !== undefined) this.refs.add(step.monitor)
      if (step.link) this.#edges.push([step.by, step.as])
    } else if (step.do === 'monitor') {
      this.refs.add(step.as)
    } else if (step.do === 'link') {
      this.#edges.push([step.by, step.target])
    } else if (step.do === 'start_supervisor') {
      this.supervisors.add(step.as)
      this.#trees.set(step.as, treeOf(step.spec))
      this.#edges.push([step.by, step.as])
      for (const one of step.spec.children) this.#defineChild(step.as, one)
    } else if (step.do === 'start_dynamic') {
      this.dynamics.add(step.as)
      this.#edges.push([step.by, step.as])
    } else if (step.do === 'start_child') {
      const top = topOf(step.supervisor)
      const tree = this.#trees.get(top)
      if (tree) this.#trees.set(top, added(tree, step.child))
      this.#defineChild(step.supervisor, step.child)
    } else if (step.do === 'start_dynamic_child') {
      this.#defineLeaf(step.supervisor, step.id)
    }
  }

  #defineChild(parent: string, plan: SupervisorPlan['children'][number]): void {
    if (!('nested' in plan)) return this.#defineLeaf(parent, plan.id)
    const path = `${parent}/${plan.id}`
    this.nested.add(path)
    this.#edges.push([parent, path])
    for (const inner of plan.nested.children) this.#defineLeaf(path, inner.id)
  }

  #defineLeaf(parent: string, id: string): void {
    this.children.add(`${parent}/${id}`)
    this.#edges.push([parent, `${parent}/${id}`])
  }

  /**
   * A death that reaches a supervisor's tree on two ways of links could arrive with two reasons.
   * Among processes alone all ways carry the same reason.
   */
  #closesCircle(edge: readonly [string, string]): boolean {
    const circles = new Circles()
    const all = [...this.#edges, edge]
    const isAmongAgents = ([one, other]: readonly [string, string]): boolean =>
      this.agents.has(one) && this.agents.has(other)
    for (const among of all.filter(isAmongAgents)) circles.join(among)
    const seen = new Set<string>()
    return all.some((one) => {
      const name = one.toSorted().join(' ')
      if (isAmongAgents(one) || seen.has(name)) return false
      seen.add(name)
      return !circles.join(one)
    })
  }
}

/** Sets of keys that are connected. */
class Circles {
  readonly #parents = new Map<string, string>()

  /** @returns False if they were connected already. */
  join([one, other]: readonly [string, string]): boolean {
    const [first, second] = [this.#root(one), this.#root(other)]
    if (first === second) return false
    this.#parents.set(first, second)
    return true
  }

  #root(key: string): string {
    const parent = this.#parents.get(key)
    return parent === undefined ? key : this.#root(parent)
  }
}

/** One that never ends would be waited for for ever; one that flashes must end by its own message. */
function isPossible({ stubborn, trap, shutdown, starts }: ChildPlan): boolean {
  const isFlashing = starts.some(isFlash)
  if (stubborn && (!trap || shutdown === 'infinity' || isFlashing)) return false
  return trap || !isFlashing
}

function isFlash(start: ChildPlan['starts'][number] | undefined): boolean {
  return typeof start === 'object' && 'flash' in start
}

/** OTP 25 keeps a dynamic child whose restart is ignored as `undefined`; newer ones drop it. */
function ignoresLater({ starts }: ChildPlan): boolean {
  return starts.indexOf('ignore', 1) > 0 || (starts.length === 1 && starts[0] === 'ignore')
}

function treeOf({ children }: SupervisorPlan): Tree {
  let tree: Tree = { flashes: 0, fails: 0, nested: 0 }
  for (const plan of children) {
    if (!('nested' in plan)) tree = added(tree, plan)
    else {
      tree.nested++
      for (const inner of plan.nested.children) tree = added(tree, inner)
    }
  }
  return tree
}

function added({ flashes, fails, nested }: Tree, { starts }: ChildPlan): Tree {
  const isFail = starts.some(
    (start) => start === 'throw' || (typeof start === 'object' && 'fail' in start),
  )
  return { flashes: flashes + Number(starts.some(isFlash)), fails: fails + Number(isFail), nested }
}

/** The end of one that flashes may come before or after whatever else its supervisor is told. */
function isTreeSound({ flashes, fails, nested }: Tree): boolean {
  return flashes === 0 || (flashes === 1 && fails === 0 && nested === 0)
}
