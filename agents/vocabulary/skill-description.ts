/** What agents know of a skill: plain data, so that it crosses threads and fits in a prompt. */
import type { SkillDescription } from '../../skills/index.ts'

export type {
  CallbackDescription,
  DrillStep,
  SkillDescription,
  WatchRule,
} from '../../skills/index.ts'

/** What the coordinator is told of a skill. */
export type SkillSummary = Pick<SkillDescription, 'id' | 'title' | 'description'>
