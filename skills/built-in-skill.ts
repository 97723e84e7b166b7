import * as v from 'valibot'
import type { CallbackEffect, DrillStep, SkillDescription, WatchRule } from './contract.ts'
import { SkillFailure } from './failure.ts'
import type { Via } from './gateway/main-access.ts'
import type { Json } from './json.ts'
import { inputSchemaOf } from './skill.ts'

/** A snapshot, and which way it came. */
interface Reading {
  readonly data: Json
  readonly via: Via
}

export interface RunOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** A callback that runs on the gateway's side. */
export interface BuiltInCallback {
  readonly doc: string
  readonly inputSchema: Json
  readonly effect: CallbackEffect
  /** When the caller names none. */
  readonly defaultTimeoutMs?: number
  /** Validates and runs; rejects SkillFailure. */
  readonly run: (input: unknown, options: RunOptions) => Promise<Json>
}

/** A skill of ours: its functions run in the gateway's thread, and ask main only for what main alone knows. */
export interface BuiltInSkill {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly systemPrompt: string
  readonly snapshot: (options: RunOptions) => Promise<Reading>
  readonly callbacks: Readonly<Record<string, BuiltInCallback>>
  readonly watch: readonly WatchRule[]
  readonly drilldown: readonly DrillStep[]
}

/** Makes a callback with its input typed by a valibot schema. */
export function builtInCallback<Schema extends v.GenericSchema>(definition: {
  readonly doc: string
  readonly input: Schema
  readonly effect?: CallbackEffect
  readonly defaultTimeoutMs?: number
  readonly run: (input: v.InferOutput<Schema>, options: RunOptions) => Json | Promise<Json>
}): BuiltInCallback {
  const { doc, input, effect = 'read', run, defaultTimeoutMs } = definition
  return {
    doc,
    ...(defaultTimeoutMs === undefined ? {} : { defaultTimeoutMs }),
    effect,
    inputSchema: inputSchemaOf(input),
    run: async (value, options) => {
      const parsed = v.safeParse(input, value ?? {})
      if (parsed.success) return run(parsed.output, options)
      const text = parsed.issues.map(
        (issue) => `${v.getDotPath(issue) ?? 'input'}: ${issue.message}`,
      )
      throw new SkillFailure('bad_input', text.slice(0, 5).join('; '))
    },
  }
}

/** An optional whole number with bounds and a default, as Lua passes it. */
export function countInput(least: number, most: number, otherwise: number): CountInput {
  return v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), otherwise)
}

type CountInput = v.OptionalSchema<
  v.SchemaWithPipe<
    readonly [
      v.NumberSchema<undefined>,
      v.IntegerAction<number, undefined>,
      v.MinValueAction<number, number, undefined>,
      v.MaxValueAction<number, number, undefined>,
    ]
  >,
  number
>

/** The plain-data view of a built-in skill. */
export function describeBuiltIn(skill: BuiltInSkill): SkillDescription {
  const { id, title, description, systemPrompt, watch, drilldown } = skill
  const callbacks = Object.entries(skill.callbacks).map(([name, callback]) => {
    const { doc, inputSchema, effect } = callback
    return { name, doc, inputSchema, effect }
  })
  return { id, title, description, systemPrompt, callbacks, watch, drilldown, custom: false }
}
