/** Writes a JSON Schema the way a prompt shows it: short, typed, with the descriptions beside. */
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'

/** `{ intent: "wait", ms: integer 0..60000 // Milliseconds to wait }` */
export function schemaText(schema: JsonObject): string {
  return typeText(schema, '')
}

/** What a callback takes, on one line: `{ limit?: integer 1..50 = 10 }`; empty for nothing. */
export function signatureText(schema: Json): string {
  if (!isJsonObject(schema)) return ''
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required: readonly Json[] = Array.isArray(schema['required']) ? schema['required'] : []
  const parts = Object.entries(properties).map(([name, property]) => {
    const shape: JsonObject = isJsonObject(property) ? property : {}
    const mark = required.includes(name) ? '' : '?'
    const given = shape['default'] === undefined ? '' : ` = ${JSON.stringify(shape['default'])}`
    return `${name}${mark}: ${typeText(shape, '')}${given}`
  })
  return parts.length === 0 ? '' : `{ ${parts.join(', ')} }`
}

function typeText(schema: JsonObject, indent: string): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  const words = Array.isArray(schema['enum']) ? schema['enum'] : schema['anyOf']
  if (Array.isArray(words)) return words.map((word) => memberText(word, indent)).join(' | ')
  if (schema['type'] === 'array') return listText(schema, indent)
  if (schema['type'] === 'object') return objectText(schema, indent)
  const { minimum, maximum } = schema
  const range =
    typeof minimum === 'number' && typeof maximum === 'number' ? ` ${minimum}..${maximum}` : ''
  return `${typeof schema['type'] === 'string' ? schema['type'] : 'any'}${range}`
}

function memberText(member: Json, indent: string): string {
  return isJsonObject(member) ? typeText(member, indent) : JSON.stringify(member)
}

function listText(schema: JsonObject, indent: string): string {
  const items = isJsonObject(schema['items']) ? typeText(schema['items'], indent) : 'any'
  return `[${items}, …]`
}

function objectText(schema: JsonObject, indent: string): string {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required: readonly Json[] = Array.isArray(schema['required']) ? schema['required'] : []
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, property]) => {
    const shape: JsonObject = isJsonObject(property) ? property : {}
    const mark = required.includes(name) ? '' : '?'
    const { description } = shape
    const comment = typeof description === 'string' ? ` // ${description}` : ''
    return `${inner}${name}${mark}: ${typeText(shape, inner)},${comment}`
  })
  return lines.length === 1 && required.includes('intent')
    ? `{ ${lines.join('').trim().replace(/,$/, '')} }`
    : `{\n${lines.join('\n')}\n${indent}}`
}
