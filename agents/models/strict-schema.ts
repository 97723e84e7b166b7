/**
 * Turns our JSON Schema into the strict dialect that OpenAI, Anthropic and most compatible servers
 * enforce: an object at the root, `anyOf`, `enum` for `const`, no bounds of length, every key
 * required (what is optional may be null), nothing else allowed. And takes back from an answer what
 * only this dialect asked for.
 * @see https://platform.openai.com/docs/guides/structured-outputs
 */
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import type { ToolSchema } from './action-schema.ts'

const wrapper = 'action'

/**
 * How a dialect says that a key is optional: `nullable` requires every key, `absent` leaves it out
 * of the required ones.
 */
export type OptionalKeys = 'nullable' | 'absent'

/** One schema for all tools of a turn; the action stands under the key `action`. */
export function strictSchema(tools: readonly ToolSchema[], optional: OptionalKeys): JsonObject {
  const shapes = tools.map((tool) => convert(tool.json, optional))
  const [only, ...others] = shapes
  const action = only !== undefined && others.length === 0 ? only : { anyOf: shapes }
  return closed({ [wrapper]: action }, [wrapper])
}

/** The action out of an answer that follows `strictSchema`; any other answer stays as it is. */
export function unwrapStrict(answer: string): string {
  const parsed = parse(answer)
  const action = isJsonObject(parsed) ? parsed[wrapper] : undefined
  if (!isJsonObject(parsed) || !isJsonObject(action) || Object.keys(parsed).length !== 1)
    return answer
  return JSON.stringify(withoutNulls(action))
}

/** No action of ours has a place for null: it stands for an optional key that is absent. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]))
}

function convert(schema: JsonObject, optional: OptionalKeys): JsonObject {
  const inner = (part: JsonObject) => convert(part, optional)
  const description = pick(schema, ['description'])
  if (Array.isArray(schema['anyOf']))
    return { ...description, anyOf: schema['anyOf'].filter(isJsonObject).map(inner) }
  if (schema['const'] !== undefined)
    return { ...description, type: typeof schema['const'], enum: [schema['const']] }
  if (isJsonObject(schema['properties']))
    return { ...description, ...convertProperties(schema['properties'], schema, optional) }
  return {
    ...pick(schema, ['type', 'enum']),
    ...(schema['enum'] !== undefined && schema['type'] === undefined ? { type: 'string' } : {}),
    ...description,
    ...(isJsonObject(schema['items']) ? { items: inner(schema['items']) } : {}),
  }
}

function convertProperties(
  properties: JsonObject,
  schema: JsonObject,
  optional: OptionalKeys,
): JsonObject {
  const required: readonly Json[] = Array.isArray(schema['required']) ? schema['required'] : []
  const names = Object.keys(properties)
  const converted = Object.entries(properties).map(([name, property]): [string, Json] => {
    const shape = isJsonObject(property) ? convert(property, optional) : property
    const isPlain = optional === 'absent' || required.includes(name)
    return [name, isPlain ? shape : { anyOf: [shape, { type: 'null' }] }]
  })
  return closed(
    Object.fromEntries(converted),
    optional === 'absent' ? names.filter((name) => required.includes(name)) : names,
  )
}

function closed(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', properties, required, additionalProperties: false }
}

function pick(schema: JsonObject, keys: readonly string[]): JsonObject {
  const present = keys.flatMap((key): [string, Json][] => {
    const value = schema[key]
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(present)
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
