import type { Condition } from './contract.ts'
import { atPath, isRecord, type Json } from './json.ts'

/**
 * Says whether every condition holds on a value (a snapshot or a row).
 *
 * A numeric limit on a field that is absent or no finite number does not hold. No conditions: true.
 */
export function evaluateConditions(
  conditions: readonly Condition[] | undefined,
  value: Json,
): boolean {
  return (conditions ?? []).every((condition) => holds(condition, value))
}

function holds(condition: Condition, value: Json): boolean {
  const field = atPath(value, condition.field)
  const present = field !== undefined && field !== null
  if (condition.present !== undefined && condition.present !== present) return false
  if (condition.above !== undefined && !(isNumber(field) && field > condition.above)) return false
  if (condition.below !== undefined && !(isNumber(field) && field < condition.below)) return false
  return condition.equals === undefined || (field !== undefined && isEqual(field, condition.equals))
}

function isNumber(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index]))
  }
  if (isRecord(left) && isRecord(right)) {
    const keys = Object.keys(left)
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key]))
    )
  }
  return left === right
}
