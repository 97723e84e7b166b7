/** Single fields of an option, checked. A key in a message would be a leak: only types are named. */

/** A text that is not blank, without blanks around it. */
export function text(
  option: ReadonlyMap<string, unknown>,
  key: string,
  where: string,
): string | undefined {
  const value = option.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '')
    throw new TypeError(`${where}.${key}: expected a text that is not empty, got ${typeof value}`)
  return value.trim()
}

/** An http or https address without a slash at its end. `variable`: where it came from, if not an option. */
export function urlOf(
  value: unknown,
  variable: string | undefined,
  where: string,
): string | undefined {
  if (value === undefined) return undefined
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (typeof value !== 'string' || url === undefined || !/^https?:$/.test(url.protocol))
    throw new TypeError(
      `${where}.baseUrl${variable === undefined ? '' : ` (${variable})`}: expected an http or https URL, e.g. http://127.0.0.1:8080`,
    )
  return value.trim().replace(/\/+$/, '')
}

/** A number within bounds. */
export function numberIn(
  value: unknown,
  name: string,
  low: number,
  high: number,
): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`${name}: expected a number from ${low} to ${high}, got ${typeof value}`)
  if (value < low || value > high)
    throw new RangeError(`${name}: expected ${low} to ${high}, got ${value}`)
  return value
}
