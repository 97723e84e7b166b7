/**
 * Turns our JSON Schema into the dialect of Gemini's `responseJsonSchema`: only documented
 * keywords; `enum` for `const`; no `maxItems`, lengths or patterns (they add up to an opaque 400);
 * `propertyOrdering`, which decides the order of generation: `intent` first.
 * @see https://ai.google.dev/gemini-api/docs/structured-output
 */
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import type { ToolSchema } from './action-schema.ts'

/** One schema for all tools of a turn. */
export function geminiSchema(tools: readonly ToolSchema[]): JsonObject {
  const [only, ...others] = tools
  return only !== undefined && others.length === 0
    ? convert(only.json)
    : { anyOf: tools.map((tool) => convert(tool.json)) }
}

function convert(schema: JsonObject): JsonObject {
  const description = pick(schema, ['description'])
  if (Array.isArray(schema['anyOf']))
    return { ...description, anyOf: schema['anyOf'].filter(isJsonObject).map(convert) }
  if (schema['const'] !== undefined)
    return { ...description, type: typeof schema['const'], enum: [schema['const']] }
  return {
    ...pick(schema, ['type', 'enum', 'minimum', 'maximum', 'minItems']),
    ...description,
    ...(isJsonObject(schema['items']) ? { items: convert(schema['items']) } : {}),
    ...(isJsonObject(schema['properties']) ? convertProperties(schema['properties'], schema) : {}),
  }
}

function convertProperties(properties: JsonObject, schema: JsonObject): JsonObject {
  const converted = Object.entries(properties).map(([name, property]): [string, Json] => [
    name,
    isJsonObject(property) ? convert(property) : property,
  ])
  return {
    properties: Object.fromEntries(converted),
    required: schema['required'] ?? [],
    propertyOrdering: Object.keys(properties),
    additionalProperties: false,
  }
}

function pick(schema: JsonObject, keys: readonly string[]): JsonObject {
  const present = keys.flatMap((key): [string, Json][] => {
    const value = schema[key]
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(present)
}
