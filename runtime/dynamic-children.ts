import { type ChildSpec, kept } from './child-spec.ts'
import type { Pid } from './pid.ts'
import { type ChildCounts, type ChildInfo, modulesOf } from './supervisor-state.ts'

/** A child of a dynamic supervisor, under the newest pid that it had. */
export interface DynamicChild {
  readonly spec: ChildSpec
  readonly restarts: number
  /** Its last start failed and is to be tried again. */
  readonly restarting: boolean
}

/**
 * The children of one dynamic supervisor: changed in place, so that ten thousand of them cost no
 * more per child than ten.
 */
export class DynamicChildren {
  readonly #children = new Map<Pid, DynamicChild>()

  get size(): number {
    return this.#children.size
  }

  get(pid: Pid): DynamicChild | undefined {
    return this.#children.get(pid)
  }

  add(pid: Pid, spec: ChildSpec, restarts = 0): void {
    this.#children.set(pid, { spec: kept(spec), restarts, restarting: false })
  }

  /** It stays under its old pid until a start succeeds. */
  restarting(pid: Pid, child: DynamicChild): void {
    this.#children.set(pid, { ...child, restarting: true })
  }

  remove(pid: Pid): void {
    this.#children.delete(pid)
  }

  /** Those that have a process, in the order of their starts. */
  running(): (readonly [Pid, ChildSpec])[] {
    const running = [...this.#children].filter(([, { restarting }]) => !restarting)
    return running.map(([pid, { spec }]) => [pid, spec] as const)
  }

  describe(): ChildInfo[] {
    return [...this.#children].map(([pid, { spec, restarts, restarting }]) => ({
      id: undefined,
      pid: restarting ? undefined : pid,
      status: restarting ? 'restarting' : 'running',
      type: spec.type,
      restarts,
      modules: modulesOf(spec),
    }))
  }

  count(): ChildCounts {
    let active = 0
    let supervisors = 0
    for (const { spec, restarting } of this.#children.values()) {
      if (!restarting) active++
      if (spec.type === 'supervisor') supervisors++
    }
    const specs = this.#children.size
    return { specs, active, supervisors, workers: specs - supervisors }
  }
}
