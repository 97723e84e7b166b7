/** Random programs: the same program for the same seed. */

import {
  type ChildPlan,
  CONTROLLER,
  NAMES,
  type Program,
  type Reason,
  type Step,
  type SupervisorPlan,
} from './program.ts'
import { Random } from './random.ts'
import { Soundness } from './sound.ts'

/** Half of the programs have supervisors; all have processes. */
export function generate(seed: number): Program {
  const random = new Random(seed)
  // The first numbers of neighbouring seeds are alike.
  for (let skip = 0; skip < 8; skip++) random.below(2)
  const writer = new Writer(random)
  return { steps: random.percent(50) ? writer.supervision() : writer.signals() }
}

type Draw = () => Step | undefined
type Weighted = readonly (readonly [weight: number, draw: Draw])[]

const REASONS: readonly [Reason, ...Reason[]] = [
  'boom',
  'boom',
  'normal',
  'shutdown',
  'kill',
  'killed',
  'noproc',
  { shutdown: 'tired' },
  { term: [1, 'two'] },
]

class Writer {
  readonly #random: Random
  readonly #sound = new Soundness()
  readonly #steps: Step[] = []
  #spawned = 0
  #refs = 0

  constructor(random: Random) {
    this.#random = random
  }

  signals(): Step[] {
    this.#start(this.#random.between(2, 4))
    const length = this.#random.between(4, 18)
    for (let step = 0; step < length; step++)
      this.#add(this.#random.weighted(this.#signalSteps())?.())
    return this.#steps
  }

  supervision(): Step[] {
    this.#start(this.#random.between(1, 3))
    this.#add(this.#random.percent(75) ? this.#startSupervisor() : this.#startDynamic())
    const length = this.#random.between(3, 14)
    for (let step = 0; step < length; step++) {
      const kinds = this.#random.percent(75) ? this.#supervisionSteps() : this.#signalSteps()
      this.#add(this.#random.weighted(kinds)?.())
    }
    return this.#steps
  }

  #start(processes: number): void {
    for (let count = 0; count < processes; count++) this.#add(this.#spawn(CONTROLLER))
  }

  #add(step: Step | undefined): void {
    if (step && this.#sound.accepts(step)) this.#steps.push(step)
  }

  #signalSteps(): Weighted {
    const random = this.#random
    const by = this.#agent()
    const reason = random.pick(REASONS)
    const target = this.#process()
    return [
      [8, () => this.#spawn(by)],
      [12, () => ({ do: 'link', by, target })],
      [5, () => ({ do: 'unlink', by, target })],
      [12, () => ({ do: 'monitor', by, as: `m${++this.#refs}`, target: this.#address() })],
      [6, () => this.#demonitor(by)],
      [6, () => ({ do: 'trap', by, on: random.percent(60) })],
      [6, () => ({ do: 'exit', by, reason, ...(random.percent(15) ? { caught: true } : {}) })],
      [2, () => ({ do: 'throw', by })],
      [14, () => ({ do: 'signal', by, target: random.percent(15) ? by : target, reason })],
      [10, () => ({ do: 'send', by, target: this.#address(), value: random.below(100) })],
      [8, () => ({ do: 'register', by, name: random.pick(NAMES), target: this.#agent() })],
      [4, () => ({ do: 'unregister', by, name: random.pick(NAMES) })],
      [2, () => ({ do: 'whereis', by, name: random.pick(NAMES) })],
      [4, () => ({ do: 'drain', by })],
    ]
  }

  #supervisionSteps(): Weighted {
    const random = this.#random
    const by = this.#agent()
    const target = this.#child()
    const reason = random.pick(REASONS)
    const supervisor = this.#supervisor()
    const parent = this.#steps.findLast((step) => step.do === 'start_supervisor')?.by ?? by
    const path = this.#child()
    const id = path.slice(path.lastIndexOf('/') + 1)
    const owner = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    return [
      [14, () => ({ do: 'end', by: CONTROLLER, target, reason })],
      [6, () => ({ do: 'crash', by: CONTROLLER, target })],
      [12, () => ({ do: 'signal', by, target, reason })],
      [3, () => ({ do: 'signal', by: parent, target: supervisor, reason })],
      [2, () => ({ do: 'signal', by, target: supervisor, reason })],
      [6, () => ({ do: 'start_child', by, supervisor, child: this.#plan(random.between(1, 5)) })],
      [8, () => ({ do: 'terminate_child', by, supervisor: owner, id })],
      [8, () => ({ do: 'restart_child', by, supervisor: owner, id })],
      [5, () => ({ do: 'delete_child', by, supervisor: owner, id })],
      [10, () => this.#startDynamicChild(by)],
      [4, () => ({ do: 'terminate_dynamic_child', by, supervisor: owner, id })],
      [3, () => ({ do: 'which_children', by, supervisor })],
      [3, () => ({ do: 'count_children', by, supervisor })],
      [
        4,
        () => ({
          do: 'monitor',
          by,
          as: `m${++this.#refs}`,
          target: random.percent(50) ? target : supervisor,
        }),
      ],
      [4, () => ({ do: 'link', by, target: random.percent(70) ? target : supervisor })],
      [2, () => ({ do: 'send', by, target, value: random.below(100) })],
      [2, () => this.#startSupervisor()],
      [2, () => this.#startDynamic()],
    ]
  }

  #spawn(by: string): Step {
    const random = this.#random
    const [trap, hoard] = [random.percent(45), random.percent(25)]
    const step: Step = { do: 'spawn', by, as: `p${++this.#spawned}`, trap, hoard }
    if (by === CONTROLLER) return step
    return {
      ...step,
      ...(random.percent(50) ? { link: true } : {}),
      ...(random.percent(40) ? { monitor: `m${++this.#refs}` } : {}),
    }
  }

  #demonitor(by: string): Step | undefined {
    const ref = this.#random.anyOf([...this.#sound.refs])
    if (ref === undefined) return undefined
    return { do: 'demonitor', by: this.#ownerOf(ref) ?? by, ref, ...this.#demonitorOptions() }
  }

  #demonitorOptions(): { flush?: boolean; info?: boolean } {
    return {
      ...(this.#random.percent(40) ? { flush: true } : {}),
      ...(this.#random.percent(40) ? { info: true } : {}),
    }
  }

  /** Mostly whoever set the monitor; a stranger's demonitor must do nothing. */
  #ownerOf(ref: string): string | undefined {
    if (this.#random.percent(15)) return undefined
    return this.#steps.find(
      (step) =>
        (step.do === 'monitor' && step.as === ref) || (step.do === 'spawn' && step.monitor === ref),
    )?.by
  }

  #startSupervisor(): Step {
    const random = this.#random
    const children: SupervisorPlan['children'] = []
    const count = random.between(0, 4)
    for (let child = 1; child <= count; child++) {
      if (random.percent(15)) children.push({ id: `n${child}`, nested: this.#nested() })
      else children.push(this.#plan(child))
    }
    return {
      do: 'start_supervisor',
      by: this.#agent(),
      as: `s${this.#sound.supervisors.size + 1}`,
      spec: { ...this.#flags(), children },
    }
  }

  #nested(): { strategy: SupervisorPlan['strategy']; intensity: number; children: ChildPlan[] } {
    const children = Array.from({ length: this.#random.between(0, 3) }, (_, at) =>
      this.#plan(at + 1),
    )
    return { ...this.#flags(), children }
  }

  #flags(): Pick<SupervisorPlan, 'strategy' | 'intensity'> {
    const random = this.#random
    return {
      strategy: random.pick(['one_for_one', 'one_for_all', 'rest_for_one']),
      intensity: random.pick([0, 1, 1, 2, 3, 5]),
    }
  }

  #startDynamic(): Step {
    const { name: _, ...child } = this.#plan(1)
    const as = `d${this.#sound.dynamics.size + 1}`
    return { do: 'start_dynamic', by: this.#agent(), as, intensity: this.#flags().intensity, child }
  }

  #startDynamicChild(by: string): Step | undefined {
    const supervisor = this.#random.anyOf([...this.#sound.dynamics])
    if (supervisor === undefined) return undefined
    return { do: 'start_dynamic_child', by, supervisor, id: `x${this.#random.between(1, 4)}` }
  }

  #plan(number: number): ChildPlan {
    const random = this.#random
    const stubborn = random.percent(5)
    return {
      id: `c${number}`,
      restart: random.pick(['permanent', 'permanent', 'transient', 'temporary']),
      shutdown: random.pick<ChildPlan['shutdown']>(
        stubborn ? [15, 'brutal_kill'] : [5000, 5000, 'brutal_kill', 'infinity'],
      ),
      trap: stubborn || random.percent(70),
      stubborn,
      ...(random.percent(15) ? { name: random.pick(NAMES) } : {}),
      starts: this.#starts(),
    }
  }

  #starts(): ChildPlan['starts'] {
    const random = this.#random
    const start = (): ChildPlan['starts'][number] =>
      random.pick<ChildPlan['starts'][number]>([
        'ok',
        'ok',
        'ok',
        'ignore',
        'throw',
        { fail: random.pick(REASONS) },
        { flash: random.pick(REASONS) },
      ])
    if (random.percent(60)) return ['ok']
    const first: ChildPlan['starts'][number] = random.percent(75) ? 'ok' : start()
    return [first, ...Array.from({ length: random.between(1, 3) }, start)]
  }

  #agent(): string {
    return this.#random.anyOf([...this.#sound.agents]) ?? 'p1'
  }

  #child(): string {
    return this.#random.anyOf([...this.#sound.children]) ?? ''
  }

  #supervisor(): string {
    const { supervisors, nested, dynamics } = this.#sound
    return this.#random.anyOf([...supervisors, ...supervisors, ...nested, ...dynamics]) ?? ''
  }

  #process(): string {
    return this.#agent()
  }

  #address(): string {
    return this.#random.percent(20) ? `@${this.#random.pick(NAMES)}` : this.#agent()
  }
}
