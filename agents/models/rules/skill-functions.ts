/**
 * `evaluateConditions` and `renderTemplate` of the skills room (contract section 3), typed the
 * same. To be replaced by an import from `skills/index.ts` when that is merged.
 */
import { isJsonObject, type Json } from '../../vocabulary/json.ts'
import type { Condition } from '../../vocabulary/skill-description.ts'

/** The value at a dot path (`culprit.line`, `rows.0.name`), own keys only. */
export function atPath(value: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((current, key) => {
    if (Array.isArray(current)) return /^\d+$/.test(key) ? current[Number(key)] : undefined
    return isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined
  }, value)
}

/** Tells whether all conditions hold; a bound on what is no number does not. No conditions: true. */
export function evaluateConditions(
  conditions: readonly Condition[] | undefined,
  value: Json,
): boolean {
  return (conditions ?? []).every((condition) => holds(condition, atPath(value, condition.field)))
}

function holds(condition: Condition, field: Json | undefined): boolean {
  const { above, below, equals, present } = condition
  if (present !== undefined && present !== (field !== undefined && field !== null)) return false
  if (above !== undefined && !(typeof field === 'number' && field > above)) return false
  if (below !== undefined && !(typeof field === 'number' && field < below)) return false
  return equals === undefined || JSON.stringify(field) === JSON.stringify(equals)
}

/**
 * Fills `{dot.path}` from `extra` (by its first word), else from the row. Numbers get two decimals
 * at most, what is absent becomes `?`; a value is inserted as it is, never rendered again.
 */
export function renderTemplate(
  template: string,
  row: Json,
  extra: { readonly [name: string]: Json } = {},
): string {
  return template.replaceAll(/\{([A-Za-z_][\w.]*)\}/g, (_, path: string) => {
    const [first = ''] = path.split('.')
    return valueText(atPath(Object.hasOwn(extra, first) ? extra : row, path))
  })
}

function valueText(value: Json | undefined): string {
  if (value === undefined || value === null) return '?'
  if (typeof value === 'number') return String(Math.round(value * 100) / 100)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
