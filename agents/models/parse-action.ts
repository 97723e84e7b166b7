/**
 * Reads a model's answer as one action: find JSON, repair its syntax, bend it to the schema,
 * validate. Tolerant in form, strict in meaning: an unknown intent, a missing field or a script
 * that was cut off never becomes a call.
 */
import { jsonrepair } from 'jsonrepair'
import * as v from 'valibot'
import { isJsonObject, type Json, type JsonObject } from '../vocabulary/json.ts'
import type { Action } from '../vocabulary/model-request.ts'
import { isJson } from '../vocabulary/notification.ts'
import type { ToolSchema } from './action-schema.ts'
import { coerce, fold, type Repairs } from './coerce.ts'
import { type Candidate, candidatesIn, isUnclosed, nestingOf } from './json-candidates.ts'

/** Characters of an answer that are looked at; a longer one is refused. */
const maximumCharacters = 256 * 1024
/** Nesting that is given to the repairer, which recurses. */
const maximumNesting = 64
/** Pieces of one answer that are tried. */
const maximumCandidates = 20
/** Issues told to the model. */
const maximumIssues = 12

export type ParsedAction =
  | { readonly ok: true; readonly action: Action; readonly repairs: readonly string[] }
  | { readonly ok: false; readonly issues: readonly string[] }

/**
 * @param truncated The provider cut the answer at its token limit. Then nothing that had to be
 * closed by the parser counts: half a script is not a script.
 */
export function parseAction(
  tools: readonly ToolSchema[],
  answer: string,
  { truncated = false }: { readonly truncated?: boolean } = {},
): ParsedAction {
  if (answer.trim() === '') return { ok: false, issues: ['the answer was empty'] }
  if (answer.length > maximumCharacters)
    return { ok: false, issues: [`the answer was longer than ${maximumCharacters} characters`] }
  const issues = new Set<string>()
  const candidates = candidatesIn(answer).slice(0, maximumCandidates)
  // a piece that is valid as it stands beats every repair of a larger one
  for (const read of [readStrictly, readRepaired])
    for (const candidate of candidates) {
      const reading = read(candidate, truncated)
      if (reading.type === 'issue') issues.add(reading.issue)
      if (reading.type !== 'value') continue
      const found = firstAction(tools, reading, issues)
      if (found !== undefined) return found
    }
  if (issues.size === 0) issues.add('the answer held no JSON object')
  return { ok: false, issues: [...issues].slice(0, maximumIssues) }
}

type Reading =
  | { readonly type: 'value'; readonly value: Json; readonly repairs: Repairs }
  | { readonly type: 'issue'; readonly issue: string }
  | { readonly type: 'nothing' }

function readStrictly({ found, text }: Candidate): Reading {
  const value = parseJson(text)
  if (value === undefined) return { type: 'nothing' }
  return { type: 'value', value, repairs: found === 'raw' ? [] : [found] }
}

function readRepaired({ found, text }: Candidate, truncated: boolean): Reading {
  if (parseJson(text) !== undefined) return { type: 'nothing' }
  if (nestingOf(text) > maximumNesting)
    return { type: 'issue', issue: 'the JSON was nested too deeply' }
  const closed = isUnclosed(text)
  if (closed && truncated)
    return {
      type: 'issue',
      issue: 'the answer was cut off by the token limit; answer more briefly',
    }
  const value = repairJson(text)
  if (value === undefined) return { type: 'issue', issue: 'the answer was not valid JSON' }
  const repairs = found === 'raw' ? [] : [found]
  return { type: 'value', value, repairs: [...repairs, closed ? 'closed' : 'repaired'] }
}

function parseJson(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) ? value : undefined
  } catch {
    return undefined
  }
}

function repairJson(text: string): Json | undefined {
  try {
    return parseJson(jsonrepair(text))
  } catch {
    return undefined // what cannot be mended is no candidate; jsonrepair throws on plain prose
  }
}

function firstAction(
  tools: readonly ToolSchema[],
  reading: { readonly value: Json; readonly repairs: Repairs },
  issues: Set<string>,
): ParsedAction | undefined {
  for (const form of unwrap(reading.value)) {
    const repairs = [...reading.repairs, ...form.repairs]
    const read = readObject(tools, form.value, repairs)
    if (read.ok) return { ok: true, action: read.action, repairs }
    for (const issue of read.issues) issues.add(issue)
  }
  return undefined
}

interface Form {
  readonly value: JsonObject
  readonly repairs: Repairs
}

/** The object itself, the first of a list, or what stands inside of a wrapper that models add. */
function* unwrap(value: Json): Generator<Form> {
  if (Array.isArray(value)) {
    const objects = value.filter(isJsonObject)
    const [first] = objects
    if (first !== undefined) yield { value: first, repairs: [`first-of-${objects.length}`] }
    return
  }
  if (!isJsonObject(value)) return
  yield { value, repairs: [] }
  const name = value['name'] ?? value['tool_name'] ?? value['function']
  const args = value['arguments'] ?? value['args'] ?? value['parameters'] ?? value['input']
  if (typeof name === 'string' && isJsonObject(args))
    yield { value: { ...args, intent: name }, repairs: ['unwrapped:call'] }
  const [only, ...others] = Object.keys(value)
  const inner = only === undefined ? undefined : value[only]
  if (only === undefined || others.length > 0 || !isJsonObject(inner)) return
  yield { value: inner, repairs: [`unwrapped:${only.slice(0, 40)}`] }
  yield { value: { ...inner, intent: only }, repairs: ['unwrapped:key-as-intent'] }
}

function readObject(
  tools: readonly ToolSchema[],
  value: JsonObject,
  repairs: Repairs,
): ParsedAction {
  const key = Object.keys(value).find((candidate) => fold(candidate) === 'intent')
  const intent = key === undefined ? undefined : value[key]
  if (typeof intent !== 'string') return { ok: false, issues: [unknownIntent(tools, intent)] }
  const tool = tools.find((candidate) => fold(candidate.intent) === fold(intent))
  if (tool === undefined) return { ok: false, issues: [unknownIntent(tools, intent)] }
  if (tool.intent === 'execute' && repairs.includes('closed'))
    return { ok: false, issues: ['execute.code: the answer ended inside of the script'] }
  const result = v.safeParse(tool.validator, coerce(tool.json, value, repairs))
  if (result.success) return { ok: true, action: result.output, repairs }
  return {
    ok: false,
    issues: result.issues.map(
      (issue) =>
        `${tool.intent}.${v.getDotPath(issue) ?? '(root)'}: ${issue.message.slice(0, 300)}`,
    ),
  }
}

function unknownIntent(tools: readonly ToolSchema[], intent: Json | undefined): string {
  const came =
    intent === undefined ? 'is missing' : `${JSON.stringify(intent).slice(0, 60)} is none`
  return `intent ${came}; expected one of ${tools.map((tool) => tool.intent).join(', ')}`
}
