/** Checks of what callers hand in: every refusal names what was expected, what came, what to do. */

import { printable } from './wire.ts'

/** @throws {TypeError} An unknown key, with the nearest known one; or not an object at all. */
export function checkKeys(what: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${what}: expected an object of options, got ${short(value)}.`)
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    const hint = near ? `Did you mean '${near}'?` : `Known options: ${known.join(', ')}.`
    throw new TypeError(`${what}: unknown option '${key}'. ${hint}`)
  }
}

/** @throws {TypeError} Not one of the words. */
export function checkOneOf(what: string, value: unknown, words: readonly string[]): void {
  if (typeof value === 'string' && words.includes(value)) return
  throw new TypeError(
    `${what}: expected ${words.map((word) => `'${word}'`).join(', ')}, got ${short(value)}.`,
  )
}

/** @throws {TypeError} Not a number; {RangeError} outside of the bounds. */
export function checkNumber(
  what: string,
  value: unknown,
  { min = 0, max = Number.POSITIVE_INFINITY, integer = false } = {},
): void {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${what}: expected a number, got ${short(value)}.`)
  }
  if (value < min || value > max || (integer && !Number.isInteger(value))) {
    const kind = integer ? 'an integer' : 'a number'
    throw new RangeError(`${what}: expected ${kind} from ${min} to ${max}, got ${value}.`)
  }
}

/** @throws {TypeError} Not a string, or an empty one. */
export function checkName(what: string, value: unknown): void {
  if (typeof value === 'string' && value.length > 0 && value.length <= 100) return
  throw new TypeError(`${what}: expected a string of 1 to 100 characters, got ${short(value)}.`)
}

/** The fields that have a value, for options that may be absent but not `undefined`. */
export function defined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }
export function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** The known word with the smallest edit distance, if it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : printable(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
