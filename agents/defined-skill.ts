// The skills' door does not tell what `defineSkill` made from other values; the probe does.
// oxlint-disable-next-line no-restricted-imports
export { isDefinedSkill } from '../skills/probe/defined.ts'
