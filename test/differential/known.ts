/**
 * Programs on which nodelens is known to differ from OTP, bugs of ours that wait for their repair,
 * and those on which it differed once.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { projectRoot } from '../support/project.ts'
import { FAMILIES } from './placement.ts'
import { type Program, programSchema } from './program.ts'

const FOLDER = join(projectRoot, 'test', 'differential')

const knownSchema = v.strictObject({
  /** What is, or was, wrong here. */
  title: v.string(),
  family: v.picklist(FAMILIES),
  /** In so many runs it differs at least once, or did: 1 unless it is a race. */
  runs: v.number(),
  options: v.strictObject({
    isHasty: v.exactOptional(v.boolean()),
    patienceMs: v.exactOptional(v.number()),
  }),
  program: programSchema,
})

export type Known = v.InferOutput<typeof knownSchema> & { readonly file: string }

export function knownDivergences(): readonly Known[] {
  return programsIn('known')
}

export function repairedDivergences(): readonly Known[] {
  return programsIn('repaired')
}

function programsIn(name: 'known' | 'repaired'): readonly Known[] {
  const folder = join(FOLDER, name)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      file,
      ...v.parse(knownSchema, JSON.parse(readFileSync(join(folder, file), 'utf8'))),
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
