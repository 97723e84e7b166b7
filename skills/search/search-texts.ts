import { setImmediate } from 'node:timers/promises'
import { SkillFailure } from '../failure.ts'
import type { JsonRecord } from '../json.ts'
import { compilePattern, findPattern } from './matcher.ts'
import { PatternError } from './syntax.ts'

/** Steps of the machine for one search: some 100 ms of the gateway's thread. */
const BUDGET_STEPS = 2_000_000
const MAX_TEXT = 4000

/** After so many the thread's other work has its turn. */
const SLICE_STEPS = 100_000

/** Rows whose text has the pattern, in their order. @throws {SkillFailure} bad_input: no pattern. */
export async function searchTexts<Row extends JsonRecord>(
  rows: readonly Row[],
  textOf: (row: Row) => string,
  pattern: string,
  limit: number,
): Promise<JsonRecord> {
  const compiled = compile(pattern)
  const budget = { left: BUDGET_STEPS }
  const matches: Row[] = []
  let searched = 0
  let turnAt = BUDGET_STEPS - SLICE_STEPS
  for (const row of rows) {
    if (matches.length >= limit) break
    const found = findPattern(compiled, textOf(row).slice(0, MAX_TEXT), budget)
    if (found === undefined) break
    searched += 1
    if (found) matches.push(row)
    if (budget.left > turnAt) continue
    turnAt = budget.left - SLICE_STEPS
    await setImmediate()
  }
  return {
    matches,
    searched,
    of: rows.length,
    isComplete: searched === rows.length || matches.length >= limit,
  }
}

function compile(pattern: string): ReturnType<typeof compilePattern> {
  try {
    return compilePattern(pattern)
  } catch (error) {
    if (error instanceof PatternError) throw new SkillFailure('bad_input', error.message)
    throw error
  }
}
