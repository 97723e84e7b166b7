/** Programs on which nodelens is known to differ from OTP: bugs of ours that wait for their repair. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { projectRoot } from '../support/project.ts'
import { FAMILIES } from './placement.ts'
import { type Program, programSchema } from './program.ts'

const FOLDER = join(projectRoot, 'test', 'differential', 'known')

const knownSchema = v.strictObject({
  /** What is wrong here. */
  title: v.string(),
  family: v.picklist(FAMILIES),
  /** In so many runs it differs at least once: 1 unless it is a race. */
  runs: v.number(),
  options: v.strictObject({
    isHasty: v.exactOptional(v.boolean()),
    patienceMs: v.exactOptional(v.number()),
  }),
  program: programSchema,
})

export type Known = v.InferOutput<typeof knownSchema> & { readonly file: string }

export function knownDivergences(): readonly Known[] {
  if (!existsSync(FOLDER)) return []
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      file,
      ...v.parse(knownSchema, JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))),
    }))
}

/** The known divergence that a shrunk program shows: the same steps, whoever does them. */
export function knownAs(program: Program): string | undefined {
  const shape = shapeOf(program)
  return knownDivergences().find((known) => shape !== '' && shapeOf(known.program) === shape)?.title
}

/** Who must be there for the placement to be the right one is not part of it. */
function shapeOf({ steps }: Program): string {
  const kinds = steps.map((step) => step.do)
  return kinds.filter((kind) => kind !== 'spawn').join(' ')
}
