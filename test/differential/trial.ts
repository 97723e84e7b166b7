/** One program on both sides. */

import { canonical, isEqual } from './compare.ts'
import { type RunOptions, runHere } from './controller.ts'
import type { Erlang } from './erlang.ts'
import { adapt, type Family } from './placement.ts'
import type { Program } from './program.ts'
import type { Json } from './reason.ts'

/** The outcomes of a program that must be equal. */
export interface Trial {
  readonly program: Program
  readonly family: Family
  readonly ours: Json
  readonly otp: Json
  readonly agrees: boolean
}

export async function tryProgram(
  erlang: Erlang,
  original: Program,
  family: Family,
  options?: RunOptions,
): Promise<Trial> {
  const program = adapt(original, family)
  const [here, there] = await Promise.all([
    runHere(program, family, options).catch((error: unknown) => ({ broken: String(error) })),
    erlang.run(program),
  ])
  const ours = canonical(here, program)
  const otp = canonical(there, program)
  return { program, family, ours, otp, agrees: isEqual(ours, otp) }
}
