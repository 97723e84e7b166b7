/** Returns an option object whose keys are all known; an unknown one is an error naming the nearest. */
export function parseKeys(
  what: string,
  given: unknown,
  known: readonly string[],
): Record<string, unknown> {
  if (!isRecord(given)) {
    throw new TypeError(`${what} must be an object, got ${describe(given)}`)
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const nearest = nearestName(key, known)
    const hint = nearest === undefined ? '' : `did you mean '${nearest}'? `
    throw new TypeError(`${what} has an unknown key '${key}': ${hint}known are ${known.join(', ')}`)
  }
  return given
}

/** Returns a whole number within its range, or the fallback when nothing was given. */
export function wholeNumber(what: string, given: unknown, range: NumberRange): number {
  if (given === undefined) return range.default
  if (typeof given !== 'number' || Number.isNaN(given)) {
    throw new TypeError(`${what} must be a number, got ${describe(given)}`)
  }
  if (!Number.isInteger(given) || given < range.min || given > range.max) {
    throw new RangeError(
      `${what} must be a whole number from ${range.min} to ${range.max}, got ${given}`,
    )
  }
  return given
}

export interface NumberRange {
  readonly default: number
  readonly min: number
  readonly max: number
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names a value in an error message without printing all of it. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value
}

function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(3, Math.ceil(name.length / 2))
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance, two rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
