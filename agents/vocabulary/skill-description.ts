/** What agents know of a skill: plain data, so that it crosses threads and fits in a prompt. */
import type { SkillDescription } from '../../skills/index.ts'

export type {
  CallbackDescription,
  DrillStep,
  SkillDescription,
  WatchRule,
} from '../../skills/index.ts'

/** What the coordinator is told of a skill. */
export interface SkillSummary extends Pick<SkillDescription, 'id' | 'title' | 'description'> {
  /** Ids of the other skills that can know the cause of what this one tells. */
  readonly explainedBy: readonly string[]
}

/** The summaries of skills that may be investigated together, in the order given. */
export function summarize(skills: readonly SkillDescription[]): SkillSummary[] {
  return skills.map((skill) => {
    const { id, title, description } = skill
    const told = typesOf(skill)
    const explaining = skills.filter(
      (other) => other !== skill && explainedTypes(other).some((type) => told.has(type)),
    )
    return { id, title, description, explainedBy: explaining.map((other) => other.id) }
  })
}

/** Types of the notifications that a skill's rules and steps lead to. */
function typesOf({ id, watch, drilldown }: SkillDescription): ReadonlySet<string> {
  const watched = watch.map(({ type, metric }) => type ?? `${id}_${metric}`)
  return new Set([...watched, ...drilldown.map(({ notify }) => notify.type)])
}

function explainedTypes({ drilldown }: SkillDescription): string[] {
  return drilldown.flatMap(({ notify }) => notify.explains ?? [])
}
