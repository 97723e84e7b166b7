/** How long each actor's handlers hold their thread; measured only while somebody wants to know. */

import { actingKernel } from './current.ts'
import type { Behaviour, Process } from './process.ts'

/** Rates are taken over at least this time, milliseconds. */
const RATE_MS = 1000

interface Sample {
  readonly handled: number
  readonly at: number
}

/**
 * Measures from now on, in all threads of the runtime, how long handlers hold their threads: see
 * `busyMs` of `processInfo`. Costs two looks at the clock for each turn of an actor.
 *
 * @returns Ends it; harmless when called twice.
 */
export function meter(): () => void {
  const { shared } = actingKernel('meter')
  let on = true
  shared.addMeters(1)
  return () => {
    if (on) shared.addMeters(-1)
    on = false
  }
}

/** One thread's measurements. */
export class Meter {
  readonly #busyMs = new WeakMap<Process, number>()
  readonly #samples = new WeakMap<Process, Sample>()

  run(process: Process, behaviour: Behaviour, budget: number): number {
    const from = performance.now()
    try {
      return behaviour.run(process, budget)
    } finally {
      const spent = performance.now() - from
      this.#busyMs.set(process, (this.#busyMs.get(process) ?? 0) + spent)
    }
  }

  busyMs(process: Process): number {
    return this.#busyMs.get(process) ?? 0
  }

  /** Handled messages a second since it was last asked, a second ago or more; else since the birth. */
  rate(process: Process): number {
    const { handled, startedAt } = process
    const before = this.#samples.get(process) ?? { handled: 0, at: startedAt }
    const at = Date.now()
    const ms = at - before.at
    if (ms >= RATE_MS) this.#samples.set(process, { handled, at })
    return ms > 0 ? ((handled - before.handled) * 1000) / ms : 0
  }
}
