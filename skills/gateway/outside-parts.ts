import { exceptionOutside } from '../exception/skill.ts'
import { loggerOutside } from '../logger/skill.ts'
import { profilerOutside } from '../profiler/skill.ts'
import { supervisorOutside } from '../supervisor/skill.ts'
import type { OutsidePart } from './outside-part.ts'

/** The gateway's halves of the built-in skills, one line each. */
export const OUTSIDE_PARTS: readonly OutsidePart[] = [
  exceptionOutside,
  loggerOutside,
  supervisorOutside,
  profilerOutside,
]
