/**
 * Bends what a model wrote towards the schema, where the meaning is beyond doubt: spelling of keys
 * and of words from a list, numbers written as text, one item where a list is due, null for
 * absent. Every bend is recorded. What remains wrong is left for the validator to refuse.
 */
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'

/** Collects what was changed, e.g. `enum:Wait->wait`. */
export type Repairs = string[]

/** Bends a value towards a JSON Schema (the subset that `toJsonSchema` makes of our vocabulary). */
export function coerce(schema: JsonObject, value: Json, repairs: Repairs): Json {
  if (Array.isArray(schema['anyOf'])) return coerceUnion(schema['anyOf'], value)
  if (typeof schema['const'] === 'string') return matchWord([schema['const']], value, repairs)
  if (Array.isArray(schema['enum']))
    return matchWord(schema['enum'].filter(isString), value, repairs)
  const bend = typeof schema['type'] === 'string' ? bends[schema['type']] : undefined
  return bend === undefined ? value : bend(schema, value, repairs)
}

const bends: Readonly<Record<string, typeof coerce>> = {
  object: (schema, value, repairs) =>
    isJsonObject(value) ? coerceObject(schema, value, repairs) : value,
  array: coerceList,
  integer: coerceNumber,
  number: coerceNumber,
  boolean: (_, value, repairs) => coerceBoolean(value, repairs),
  string: coerceString,
}

/** Spelling aside: letters and digits only, lower case. */
export function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function isString(value: Json): value is string {
  return typeof value === 'string'
}

/** A union of scalars: a value of any member's type stays as it is, null becomes text. */
function coerceUnion(members: readonly Json[], value: Json): Json {
  const types = members.filter(isJsonObject).map((member) => member['type'])
  return types.includes('string') && (value === null || typeof value === 'object')
    ? JSON.stringify(value)
    : value
}

function matchWord(words: readonly string[], value: Json, repairs: Repairs): Json {
  if (typeof value !== 'string' || words.includes(value)) return value
  const alike = words.filter((word) => fold(word) === fold(value))
  const [hit] = alike
  if (hit === undefined || alike.length > 1) return value
  repairs.push(`enum:${value.slice(0, 40)}->${hit}`)
  return hit
}

function coerceObject(schema: JsonObject, value: JsonObject, repairs: Repairs): Json {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const result: Record<string, Json> = {}
  const dropped: string[] = []
  for (const [key, item] of Object.entries(value)) {
    const name = nameFor(key, properties, value, repairs)
    const expected = name === undefined ? undefined : properties[name]
    if (name === undefined || !isJsonObject(expected)) dropped.push(key.slice(0, 40))
    else if (isAbsent(item, required.includes(name), expected)) repairs.push(`absent:${name}`)
    else if (item !== undefined) result[name] = coerce(expected, item, repairs)
  }
  if (dropped.length > 0) repairs.push(`dropped:${dropped.slice(0, 8).join(',')}`)
  return result
}

/** The schema's spelling of a key, unless the value has that key as well. */
function nameFor(
  key: string,
  properties: JsonObject,
  value: JsonObject,
  repairs: Repairs,
): string | undefined {
  if (Object.hasOwn(properties, key)) return key
  const name = Object.keys(properties).find((candidate) => fold(candidate) === fold(key))
  if (name === undefined || Object.hasOwn(value, name)) return undefined
  repairs.push(`key:${key.slice(0, 40)}->${name}`)
  return name
}

/** Null, and for optional text also "", says that there is nothing to say. */
function isAbsent(item: Json | undefined, isRequired: boolean, expected: JsonObject): boolean {
  if (isRequired) return false
  return item === null || (item === '' && expected['type'] === 'string')
}

function coerceList(schema: JsonObject, value: Json, repairs: Repairs): Json {
  if (value === null) return value
  const list: readonly Json[] = Array.isArray(value) ? value : [value]
  if (!Array.isArray(value)) repairs.push('wrapped-array')
  const item = isJsonObject(schema['items']) ? schema['items'] : {}
  return list.map((entry) => coerce(item, entry, repairs))
}

function coerceNumber(schema: JsonObject, value: Json, repairs: Repairs): Json {
  let number = value
  if (
    typeof number === 'string' &&
    /^\s*[+-]?[\d,_]{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?\s*$/i.test(number)
  ) {
    repairs.push('string->number')
    number = Number(number.replaceAll(/[,_\s]/g, ''))
  }
  if (typeof number !== 'number' || !Number.isFinite(number)) return number
  if (schema['type'] === 'integer' && !Number.isInteger(number)) {
    repairs.push('rounded')
    number = Math.round(number)
  }
  return schema['clamp'] === true ? clamp(schema, number, repairs) : number
}

function clamp(schema: JsonObject, number: number, repairs: Repairs): number {
  const { minimum, maximum } = schema
  const low = typeof minimum === 'number' ? Math.max(minimum, number) : number
  const clamped = typeof maximum === 'number' ? Math.min(maximum, low) : low
  if (clamped !== number) repairs.push(`clamped:${number}->${clamped}`)
  return clamped
}

function coerceBoolean(value: Json, repairs: Repairs): Json {
  if (typeof value !== 'string') return value
  const word = value.trim().toLowerCase()
  if (!['true', 'false', 'yes', 'no'].includes(word)) return value
  repairs.push('string->boolean')
  return word === 'true' || word === 'yes'
}

function coerceString(schema: JsonObject, value: Json, repairs: Repairs): Json {
  let text = value
  if (typeof text === 'number' || typeof text === 'boolean') {
    repairs.push('scalar->string')
    text = String(text)
  }
  const { maxLength, shorten } = schema
  if (typeof text !== 'string' || typeof maxLength !== 'number' || shorten !== true) return text
  if (text.length <= maxLength) return text
  repairs.push(`shortened:${text.length}->${maxLength}`)
  return `${text.slice(0, maxLength - 1)}…`
}
