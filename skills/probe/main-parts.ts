import { allocatorMain } from '../allocator/main.ts'
import { exceptionPart } from '../exception/main.ts'
import { gcMain } from '../gc/main.ts'
import { handlesMain } from '../handles/main.ts'
import { httpMain } from '../http/main.ts'
import { loggerPart } from '../logger/main.ts'
import { overloadMain } from '../overload/main.ts'
import { postgresMain } from '../postgres/main.ts'
import { threadsMain } from '../threads/main.ts'
import { vmMain } from '../vm/pool-window.ts'
import type { MainPart } from './main-part.ts'

/** Main's parts of the built-in skills, one line each. */
export const MAIN_PARTS: readonly MainPart[] = [
  vmMain,
  gcMain,
  allocatorMain,
  handlesMain,
  httpMain,
  postgresMain,
  exceptionPart(),
  loggerPart(),
  threadsMain,
  overloadMain,
]

/** The parts of the skills in use. */
export function mainPartsOf(skills: readonly string[]): readonly MainPart[] {
  return MAIN_PARTS.filter(({ skill }) => skills.includes(skill))
}

/** One reading of every part that has one; a part that throws tells its error instead. */
export function readParts(parts: readonly MainPart[]): Record<string, unknown> {
  const readings: Record<string, unknown> = {}
  for (const { skill, read } of parts) {
    if (read === undefined) continue
    try {
      readings[skill] = read()
    } catch (error) {
      readings[skill] = { failed: String(error).slice(0, 300) }
    }
  }
  return readings
}
