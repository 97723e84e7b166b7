/** What would have to be asked to find a cause that was not found. Pure. */
import { builtInSkills } from '../../skill-names.ts'
import type { CoordinatorRequest } from '../../vocabulary/model-request.ts'
import { type Cluster, membersOf } from './correlate.ts'
import { knowersOf } from './relevance.ts'

/** Skills that are named at most. */
const mostNamed = 4

/** Skills that were not part of the run or not asked, and may know; then whether to look while it lasts. */
export function nextQuestions(
  { skills, operators }: CoordinatorRequest,
  symptoms: readonly Cluster[],
): string[] {
  const members = membersOf(symptoms)
  const text = members.map(({ observation, type }) => `${observation} ${type}`).join(' ')
  const asked = operators.map(({ skill }) => skill)
  const useful = knowersOf(text).filter((id) => !asked.includes(id))
  const known = skills.map(({ id }) => id)
  const ready = useful.filter((id) => known.includes(id)).slice(0, mostNamed)
  const absent = useful
    .filter((id) => !known.includes(id) && builtInSkills.includes(id))
    .slice(0, mostNamed)
  return [
    ...(ready.length === 0 ? [] : [`ask ${ready.join(', ')}, which were not asked`]),
    ...(absent.length === 0
      ? []
      : [`let ${absent.join(', ')} look, which took no part in this run`]),
    ...(useful.length === 0
      ? ['look again while it lasts: what was asked saw only the symptom']
      : []),
  ]
}
