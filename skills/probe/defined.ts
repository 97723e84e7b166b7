import type {
  CallbackEffect,
  DrillStep,
  InputSchema,
  SkillDescription,
  WatchRule,
} from '../contract.ts'
import type { MetricReadings } from '../history/feed.ts'

/** A callback of a skill: what the model reads, and the function. */
export interface SkillCallback {
  /** What it returns, with units; the model reads this. */
  readonly doc: string
  /** A valibot object schema of the one table that Lua passes. Absent: no input. */
  readonly input?: InputSchema
  /** Default 'read'. */
  readonly effect?: CallbackEffect
  readonly run: (input: never) => unknown
}

/** What a user writes and passes to `defineSkill`. */
export interface SkillDefinition {
  /** `/^[a-z][a-z0-9_]{0,31}$/`. */
  readonly id: string
  readonly title: string
  /** One line, for the coordinator. */
  readonly description: string
  /** For the operator; says what is normal. */
  readonly systemPrompt: string
  /** Plain data, numbers with units in their names; runs in the main thread, for at most 250 ms. */
  readonly snapshot: () => unknown
  /**
   * Numbers with units in their names, kept over time as `${id}_${name}` (counters as rates): read every two seconds
   * in the main thread, so it must be synchronous and take well below a millisecond.
   */
  readonly metrics?: () => MetricReadings
  /** By name; a name starts with `${id}_`. */
  readonly callbacks?: Readonly<Record<string, SkillCallback>>
  readonly watch?: readonly WatchRule[]
  readonly drilldown?: readonly DrillStep[]
}

/** Carries the description that `defineSkill` made; a registered symbol, for two package copies. */
export const DESCRIPTION = Symbol.for('nodelens.skill.description')

/** A definition that `defineSkill` has checked. */
export interface DefinedSkill extends SkillDefinition {
  readonly [DESCRIPTION]: SkillDescription
}

export function isDefinedSkill(value: unknown): value is DefinedSkill {
  return typeof value === 'object' && value !== null && DESCRIPTION in value
}

export function descriptionOf(skill: DefinedSkill): SkillDescription {
  return skill[DESCRIPTION]
}
