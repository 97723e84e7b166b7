/** Which operators are continuous, as `start({ operators })` and NODELENS_CONTINUOUS say it. */
import * as v from 'valibot'
import { defaultLookoutOptions, type LookoutOptions } from './loop/lookout-state.ts'
import { parseOptions } from './misuse.ts'
import { nearest } from './nearest.ts'

/** How one operator works. */
export interface OperatorModeOptions extends Partial<LookoutOptions> {
  /** `on_demand` (default): it works when it is asked to. `continuous`: it watches by itself. */
  readonly mode: 'on_demand' | 'continuous'
}

/** One mode for all, or one for each skill that is named. */
export type OperatorModes =
  | OperatorModeOptions['mode']
  | Readonly<Record<string, OperatorModeOptions['mode'] | OperatorModeOptions>>

const mode = v.picklist(['on_demand', 'continuous'], "expected 'on_demand' or 'continuous'")
const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
const modeSchema = v.strictObject({
  mode,
  lookMs: v.exactOptional(integer(1_000, 3_600_000)),
  asksPerHour: v.exactOptional(integer(1, 720)),
  tokensPerDay: v.exactOptional(integer(1_000, 1_000_000_000)),
})

/**
 * The pace of each continuous operator, by skill id; empty: all are on demand.
 *
 * @throws {TypeError} An unknown skill, mode or key, or a number out of its bounds; names what is expected.
 */
export function parseOperatorModes(
  option: unknown,
  skills: readonly string[],
): Readonly<Record<string, LookoutOptions>> {
  const what = 'start({ operators })'
  if (option === undefined || option === 'on_demand') return {}
  if (option === 'continuous') {
    return Object.fromEntries(skills.map((skill) => [skill, defaultLookoutOptions]))
  }
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    throw new TypeError(
      `${what}: expected 'on_demand', 'continuous' or modes by skill ({ vm: 'continuous' }); got ${JSON.stringify(option)}`,
    )
  }
  const entries = Object.entries(option).flatMap(([skill, given]: [string, unknown]) => {
    refuseUnknown(what, skill, skills)
    const options = typeof given === 'string' ? { mode: given } : given
    const { mode: chosen, ...pace } = parseOptions(
      `start({ operators: { ${skill} } })`,
      modeSchema,
      options,
    )
    return chosen === 'continuous' ? [[skill, { ...defaultLookoutOptions, ...pace }] as const] : []
  })
  return Object.fromEntries(entries)
}

/** @throws {TypeError} It is not among the skills that are used. */
function refuseUnknown(what: string, skill: string, skills: readonly string[]): void {
  if (skills.includes(skill)) return
  const meant = nearest(skill, skills)
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  throw new TypeError(`${what}: unknown skill "${skill}"${hint} In use are ${skills.join(', ')}`)
}
