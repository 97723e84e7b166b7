/** Many programs, several at a time, in one runtime and one Erlang node. */

import { type Runtime, startRuntime } from '../../runtime/index.ts'
import type { RunOptions } from './controller.ts'
import { Erlang } from './erlang.ts'
import { generate } from './generate.ts'
import { knownAs } from './known.ts'
import type { Family } from './placement.ts'
import type { Program } from './program.ts'
import { shrink } from './shrink.ts'
import { type Trial, tryProgram } from './trial.ts'

/** Programs under way at the same time: threads start and stop while others run. */
const LANES = 6

/** A program that hangs is run many times while it is shrunk. */
const SHRINKING: RunOptions = { patienceMs: 4000 }

/** A program on which the two sides differ, as generated and as small as it gets. */
export interface Divergence {
  readonly seed: number
  readonly original: Program
  readonly smallest: Trial
  /** It differed again when it was run once more. */
  readonly isSteady: boolean
  /** The title of the known divergence that it shows again. */
  readonly knownAs: string | undefined
}

interface CampaignOptions {
  readonly family: Family
  readonly firstSeed: number
  readonly programs: number
  readonly onProgress?: (done: number) => void
  readonly onDivergence?: (divergence: Divergence) => void
}

export class Laboratory {
  readonly #runtime: Runtime
  readonly #erlang: Erlang

  private constructor(runtime: Runtime, erlang: Erlang) {
    this.#runtime = runtime
    this.#erlang = erlang
  }

  static async open(): Promise<Laboratory> {
    const erlang = Erlang.start()
    return new Laboratory(await startRuntime({ children: [] }), erlang)
  }

  async close(): Promise<void> {
    await this.#runtime.stop()
    await this.#erlang.stop()
  }

  try(program: Program, family: Family, options?: RunOptions): Promise<Trial> {
    return tryProgram(this.#erlang, program, family, options)
  }

  /** Seeds from `firstSeed` on, one program each. Each divergence is shrunk before it is told. */
  async run(options: CampaignOptions): Promise<readonly Divergence[]> {
    const { family, firstSeed, programs } = options
    const divergences: Divergence[] = []
    let next = firstSeed
    let done = 0
    const lane = async (): Promise<void> => {
      while (next < firstSeed + programs) {
        const seed = next++
        const divergence = await this.#examine(seed, family)
        if (divergence) {
          divergences.push(divergence)
          options.onDivergence?.(divergence)
        }
        options.onProgress?.(++done)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    return divergences
  }

  async #examine(seed: number, family: Family): Promise<Divergence | undefined> {
    const original = generate(seed)
    const trial = await this.try(original, family)
    if (trial.agrees) return undefined
    const smallest = await shrink(trial, (candidate) => this.try(candidate, family, SHRINKING))
    const again = await this.try(smallest.program, family, SHRINKING)
    return { seed, original, smallest, isSteady: !again.agrees, knownAs: knownAs(smallest.program) }
  }
}
