/** BAML's parser for our tools, made of a `.baml` file that is written from our schemas. */
import type { ToolSchema } from '../../agents/models/action-schema.ts'
import { isJsonObject, isObject, type Json, type JsonObject } from '../../agents/vocabulary/json.ts'

interface Runtime {
  createContextManager(): object
  parseLlmResponse(
    name: string,
    text: string,
    allowPartials: boolean,
    context: object,
    types: null,
    clients: null,
    environment: object,
  ): unknown
}

interface Baml {
  readonly BamlRuntime: {
    fromFiles(root: string, files: Record<string, string>, environment: object): Runtime
  }
}

/** Reads a text as one action; undefined: BAML refuses it. */
export type BamlParser = (text: string) => unknown

export async function bamlParser(tools: readonly ToolSchema[]): Promise<BamlParser> {
  const name = '@boundaryml/baml'
  const loaded = (await import(name)) as Baml & { readonly default?: Baml }
  const { BamlRuntime } = loaded.default ?? loaded
  const runtime = BamlRuntime.fromFiles('baml_src', { 'main.baml': sourceOf(tools) }, {})
  const context = runtime.createContextManager()
  return (text) => {
    try {
      const read = runtime.parseLlmResponse('Act', text, false, context, null, null, {})
      return unmarked(typeof read === 'string' ? JSON.parse(read) : read)
    } catch {
      return undefined
    }
  }
}

/** Words that BAML takes for no name of a field; they have a mark there. */
const keywords = ['function', 'package']
const mark = '_here'

/** Takes the marks off again. */
function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  if (!isObject(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key.replace(mark, ''), unmarked(item)]))
}

function sourceOf(tools: readonly ToolSchema[]): string {
  const classes: string[] = []
  const names = tools.map(({ intent, json }) => classFor(json, pascal(intent), classes))
  return [
    ...classes,
    'client<llm> None {\n  provider openai-generic\n  options {\n    base_url "http://127.0.0.1:1/v1"\n    model "none"\n  }\n}',
    `function Act() -> ${names.join(' | ')} {\n  client None\n  prompt #"{{ ctx.output_format }}"#\n}`,
  ].join('\n\n')
}

function classFor(schema: JsonObject, name: string, classes: string[]): string {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required: readonly Json[] = Array.isArray(schema['required']) ? schema['required'] : []
  const lines = Object.entries(properties).map(([key, property]) => {
    const type = isJsonObject(property) ? typeFor(property, name + pascal(key), classes) : 'string'
    const optional = required.includes(key) ? '' : '?'
    return keywords.includes(key)
      ? `  ${key}${mark} ${type}${optional} @alias("${key}")`
      : `  ${key} ${type}${optional}`
  })
  classes.push(`class ${name} {\n${lines.join('\n')}\n}`)
  return name
}

function typeFor(schema: JsonObject, name: string, classes: string[]): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  if (Array.isArray(schema['enum']))
    return `(${schema['enum'].map((one) => JSON.stringify(one)).join(' | ')})`
  if (Array.isArray(schema['anyOf']))
    return `(${schema['anyOf']
      .filter(isJsonObject)
      .map((one) => typeFor(one, name, classes))
      .join(' | ')})`
  if (schema['type'] === 'object') return classFor(schema, name, classes)
  if (schema['type'] === 'array')
    return `${isJsonObject(schema['items']) ? typeFor(schema['items'], name, classes) : 'string'}[]`
  return (typeof schema['type'] === 'string' ? scalars[schema['type']] : undefined) ?? 'string'
}

const scalars: Readonly<Record<string, string>> = {
  integer: 'int',
  number: 'float',
  boolean: 'bool',
}

function pascal(word: string): string {
  return word.replaceAll(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())
}
