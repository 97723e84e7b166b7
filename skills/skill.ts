import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import type { CallbackDescription, InputSchema, SkillDescription } from './contract.ts'
import { type Json, parseJson } from './json.ts'
import {
  DESCRIPTION,
  type DefinedSkill,
  type SkillCallback,
  type SkillDefinition,
} from './probe/defined.ts'

const NO_INPUT: Json = { type: 'object', properties: {}, additionalProperties: false }

const severity = v.picklist(['info', 'warning', 'critical'])
const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(20_000))
const limit = v.pipe(v.number(), v.finite())

const conditionSchema = v.strictObject({
  field: text,
  above: v.optional(limit),
  below: v.optional(limit),
  equals: v.optional(v.unknown()),
  present: v.optional(v.boolean()),
})

const watchSchema = v.pipe(
  v.strictObject({
    metric: text,
    above: v.optional(limit),
    below: v.optional(limit),
    severity,
    type: v.optional(text),
    observation: text,
    hypothesis: v.optional(text),
    remediation: v.optional(text),
  }),
  v.check(
    (rule) => rule.above !== undefined || rule.below !== undefined,
    'expected above or below',
  ),
)

const drillSchema = v.strictObject({
  id: text,
  when: v.optional(v.array(conditionSchema)),
  code: text,
  rows: v.optional(v.array(conditionSchema)),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))),
  notify: v.strictObject({
    type: text,
    severity: text,
    context: text,
    observation: text,
    hypothesis: v.optional(text),
    remediation: v.optional(text),
    location: v.optional(text),
    confidence: v.optional(text),
    evidence: v.optional(v.array(text)),
    explains: v.optional(v.array(text)),
  }),
})

const effectSchema = v.union([
  v.picklist(['read', 'act']),
  v.strictObject({ probe: v.strictObject({ mainPauseMs: v.pipe(v.number(), v.minValue(0)) }) }),
])

const callbackSchema = v.strictObject({
  doc: text,
  input: v.optional(v.custom<InputSchema>(isInputSchema, 'expected a valibot object schema')),
  effect: v.optional(effectSchema),
  run: v.function('expected a function'),
})

const definitionSchema = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,31}$/, 'expected /^[a-z][a-z0-9_]{0,31}$/')),
  title: text,
  description: text,
  systemPrompt: text,
  snapshot: v.function('expected a function that returns plain data'),
  metrics: v.optional(v.function('expected a function that returns { gauges, counters }')),
  callbacks: v.optional(v.record(v.string(), callbackSchema)),
  watch: v.optional(v.array(watchSchema)),
  drilldown: v.optional(v.array(drillSchema)),
})

/** A definition whose callbacks' inputs are typed by their schemas; see `SkillDefinition`. */
export type SkillInput<Outputs> = Omit<SkillDefinition, 'callbacks'> & {
  readonly callbacks?: {
    readonly [Name in keyof Outputs]: Omit<SkillCallback, 'input' | 'run'> & {
      readonly input?: InputSchema<Outputs[Name]>
      readonly run: (input: Outputs[Name]) => unknown
    }
  }
}

/**
 * Checks a skill and makes it one that `start` and `installProbe` accept.
 *
 * The result is the definition, frozen, with its plain-data description attached. Nothing runs yet.
 *
 * @throws {TypeError} Something is missing, misspelt or of the wrong kind; the message names the
 * field, what was expected, and for an unknown field the nearest known one.
 */
export function defineSkill<Outputs extends Record<string, unknown>>(
  definition: SkillInput<Outputs>,
): DefinedSkill {
  const checked = v.safeParse(definitionSchema, definition)
  if (!checked.success)
    throw new TypeError(`defineSkill: ${checked.issues.slice(0, 3).map(issueText).join('; ')}`)
  const { callbacks: given, ...rest } = definition
  const callbacks: [string, SkillCallback][] = Object.entries(given ?? {})
  for (const [name] of callbacks) {
    if (!name.startsWith(`${definition.id}_`) || !/^[a-z][a-z0-9_]{0,63}$/.test(name)) {
      throw new TypeError(
        `defineSkill('${definition.id}'): callback '${name}' must be lower case and start with '${definition.id}_'`,
      )
    }
  }
  return Object.freeze({
    ...rest,
    callbacks: Object.fromEntries(callbacks),
    [DESCRIPTION]: describe(rest, callbacks),
  })
}

/** The JSON Schema of an input, as plain data. */
export function inputSchemaOf(schema: InputSchema | undefined): Json {
  if (schema === undefined) return NO_INPUT
  if (!isObjectSchema(schema)) throw new TypeError('expected a valibot object schema')
  const converted = toJsonSchema(schema, { errorMode: 'ignore' })
  return parseJson(JSON.stringify({ ...converted, $schema: undefined }))
}

function describe(
  definition: SkillDefinition,
  callbacks: readonly (readonly [string, SkillCallback])[],
): SkillDescription {
  const { id, title, description, systemPrompt } = definition
  const described = callbacks.map(([name, callback]): CallbackDescription => {
    const effect = callback.effect ?? 'read'
    return { name, doc: callback.doc, inputSchema: inputSchemaOf(callback.input), effect }
  })
  return {
    id,
    title,
    description,
    systemPrompt,
    callbacks: described,
    watch: structuredClone(definition.watch ?? []),
    drilldown: structuredClone(definition.drilldown ?? []),
    custom: true,
  }
}

function issueText(issue: v.InferIssue<typeof definitionSchema>): string {
  const keys = (issue.path ?? []).map((part) => String(part.key))
  const path = keys.join('.') || 'the definition'
  if (issue.expected !== 'never') return `${path}: ${issue.message}`
  return `${path}: unknown field${nearestText(keys.at(-1) ?? '')}`
}

const FIELDS = [
  definitionSchema,
  callbackSchema,
  drillSchema,
  drillSchema.entries.notify,
  conditionSchema,
]
  .flatMap((schema) => Object.keys(schema.entries))
  .concat('metric', 'severity', 'type', 'observation', 'hypothesis', 'remediation')

function nearestText(key: string): string {
  const known = FIELDS.find((field) => isNear(key.toLowerCase(), field.toLowerCase()))
  return known === undefined ? '' : `; did you mean '${known}'?`
}

/** One letter more, less or different, or one a prefix of the other. */
function isNear(left: string, right: string): boolean {
  if (left === right || (left.length > 2 && (right.startsWith(left) || left.startsWith(right))))
    return true
  if (Math.abs(left.length - right.length) > 1) return false
  let start = 0
  while (start < left.length && left[start] === right[start]) start += 1
  const rest = (word: string, skip: number): string => word.slice(start + skip)
  return (
    rest(left, 1) === rest(right, 1) ||
    rest(left, 1) === rest(right, 0) ||
    rest(left, 0) === rest(right, 1)
  )
}

function isInputSchema(value: unknown): value is InputSchema {
  return isObjectSchema(value)
}

function isObjectSchema(value: unknown): value is v.GenericSchema & InputSchema {
  return (
    typeof value === 'object' &&
    value !== null &&
    '~standard' in value &&
    'type' in value &&
    typeof value.type === 'string' &&
    value.type.endsWith('object')
  )
}
