import * as v from 'valibot'
import { nearest } from './nearest.ts'

/** Says in a few words what a value is, for an error message: `a string "abc"`, `null`, `a number 3`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'string') return `a string ${JSON.stringify(shorten(value))}`
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `a ${typeof value} ${value}`
  }
  return `a ${typeof value}`
}

/**
 * Parses options of a public function.
 *
 * @param what How the caller would write it: `start(options)`.
 * @throws {TypeError} An unknown key (names the nearest known one) or a wrong value (names what was expected).
 */
export function parseOptions<Schema extends v.StrictObjectSchema<v.ObjectEntries, undefined>>(
  what: string,
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const known = Object.keys(schema.entries)
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError(
      `${what}: expected an object with ${known.join(', ')}; got ${describeValue(input)}`,
    )
  }
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) throw new TypeError(unknownKey(what, key, known))
  }
  const parsed = v.safeParse(schema, input)
  if (parsed.success) return parsed.output
  throw new TypeError(`${what}: ${parsed.issues.map(explainIssue).join('; ')}`)
}

function unknownKey(what: string, key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  return `${what}: unknown option "${key}"${hint} Known options: ${known.join(', ')}`
}

function explainIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'value'
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `unknown option "${path}"`
  }
  const expected = issue.expected ?? issue.message
  return `${path}: expected ${expected}; got ${issue.received}`
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
