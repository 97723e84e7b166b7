import { allocatorOutside } from '../allocator/skill.ts'
import { anomalyOutside } from '../anomaly/skill.ts'
import { exceptionOutside } from '../exception/skill.ts'
import { gcOutside } from '../gc/skill.ts'
import { handlesOutside } from '../handles/skill.ts'
import { httpOutside } from '../http/skill.ts'
import { loggerOutside } from '../logger/skill.ts'
import { osOutside } from '../os/skill.ts'
import { overloadOutside } from '../overload/skill.ts'
import { postgresOutside } from '../postgres/skill.ts'
import { profilerOutside } from '../profiler/skill.ts'
import { supervisorOutside } from '../supervisor/skill.ts'
import { threadsOutside } from '../threads/skill.ts'
import { tracerOutside } from '../tracer/skill.ts'
import type { OutsidePart } from './outside-part.ts'

/** The gateway's halves of the built-in skills, one line each. */
export const OUTSIDE_PARTS: readonly OutsidePart[] = [
  gcOutside,
  allocatorOutside,
  osOutside,
  handlesOutside,
  httpOutside,
  postgresOutside,
  exceptionOutside,
  loggerOutside,
  supervisorOutside,
  profilerOutside,
  threadsOutside,
  overloadOutside,
  tracerOutside,
  anomalyOutside,
]
