/** What the probe gateway says of the skills, as agents use it. */
import { call } from '../../runtime/index.ts'
import { isObject } from '../vocabulary/json.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { names } from './names.ts'

/** The skill whose callbacks every script may use; it has no operator of its own. */
const baseSkill = 'base'

/**
 * The skills that may be investigated, each with its own callbacks and those of `base`.
 *
 * @throws {RuntimeFailure} The probe gateway does not answer.
 */
export async function readSkills(): Promise<SkillDescription[]> {
  const described = await call(names.probe, 'describe')
  const all = Array.isArray(described) ? described.filter(isSkill) : []
  const shared = all.find(({ id }) => id === baseSkill)?.callbacks ?? []
  return all
    .filter(({ id }) => id !== baseSkill)
    .map((skill) => ({ ...skill, callbacks: [...shared, ...skill.callbacks] }))
}

function isSkill(value: unknown): value is SkillDescription {
  return isObject(value) && typeof value['id'] === 'string' && Array.isArray(value['callbacks'])
}
