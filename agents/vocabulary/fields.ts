/**
 * The pieces from which the schemas of actions, notifications and insights are put together.
 *
 * `metadata({ shorten })` and `metadata({ clamp })` tell the parser of model answers what it may
 * mend by itself: a sentence that is too long is cut, a wait that is too long becomes the longest
 * allowed one. Scripts and ids carry neither, because a part of one is something else.
 */
import * as v from 'valibot'
import { bounds } from './bounds.ts'

/** Free text of 1 to `max` characters; longer text from a model is cut. */
export const text = (max: number, description: string): v.GenericSchema<string> =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(max),
    v.description(description),
    v.metadata({ shorten: true }),
  )

/** One or two sentences. */
export const sentence = (description: string): v.GenericSchema<string> =>
  text(bounds.sentenceCharacters, description)

/** An identifier, taken whole. */
export const identifier = (description: string): v.GenericSchema<string> =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(bounds.idCharacters), v.description(description))

/** An integer from `min` to `max`; a number outside it from a model is clamped. */
export const integer = (min: number, max: number, description: string): v.GenericSchema<number> =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(min),
    v.maxValue(max),
    v.description(description),
    v.metadata({ clamp: true }),
  )

/** A list of at least `min` and at most `max` items. */
export const listOf = <const TItem extends v.GenericSchema>(
  item: TItem,
  min: number,
  max: number,
  description: string,
): v.GenericSchema<v.InferInput<TItem>[], v.InferOutput<TItem>[]> =>
  v.pipe(v.array(item), v.minLength(min), v.maxLength(max), v.description(description))

/** How bad something is. `info` is worth knowing, `warning` needs a look, `critical` needs one now. */
export const severitySchema = v.picklist(['info', 'warning', 'critical'])
export type Severity = v.InferOutput<typeof severitySchema>

/** How sure the speaker is. */
export const confidenceSchema = v.picklist(['high', 'medium', 'low'])
export type Confidence = v.InferOutput<typeof confidenceSchema>

/**
 * A place in the source: where its author would look. `file` is the application's own path with
 * source maps applied, `line` counts from 1. `package` names the package and version at fault
 * (`moment@2.29.3`) when the fault sits in one and `file` is its caller.
 */
export const locationSchema = v.object({
  file: text(bounds.placeCharacters, "Path of the application's own source file"),
  function: text(bounds.placeCharacters, 'Name of the function'),
  line: integer(1, 10_000_000, 'Line in that file, counted from 1'),
  package: v.exactOptional(
    text(bounds.placeCharacters, 'Package and version at fault, when the fault sits in a package'),
  ),
})
export type Location = v.InferOutput<typeof locationSchema>

/**
 * One fact with its name. A number (`{ name: 'durationMs', value: 4210 }`) is a measurement; a
 * stack or a log line is a string. `unit` only where the name does not say it.
 */
export const evidenceSchema = v.object({
  name: text(200, 'What was measured or seen'),
  value: v.union([v.number(), v.boolean(), text(bounds.sentenceCharacters, 'The value as text')]),
  unit: v.exactOptional(text(20, 'Unit, if the name does not say it')),
})
export type Evidence = v.InferOutput<typeof evidenceSchema>

/** The evidence of one notification or insight. */
export const evidenceListSchema = listOf(
  evidenceSchema,
  0,
  bounds.evidence,
  'Measured facts with their names, copied from snapshots or results',
)

/** Orders severities: info 0, warning 1, critical 2. */
export function severityRank(severity: Severity): number {
  return ['info', 'warning', 'critical'].indexOf(severity)
}

/** Orders confidences: low 0, medium 1, high 2. */
export function confidenceRank(confidence: Confidence): number {
  return ['low', 'medium', 'high'].indexOf(confidence)
}
