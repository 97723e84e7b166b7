/**
 * The truth about an incident, as its `truth.json` states it. The keys are those of the shared set
 * (`../shared/incidents`), so that one runner serves both; what is unknown here is left alone.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

const words = v.array(v.string())
const text = v.nullish(v.string())

const faultFields = {
  category: v.string(),
  root_cause: text,
  culprit_file: text,
  culprit_line: v.nullish(v.number()),
  line_match: text,
  accept_files: v.optional(words, []),
  accept_functions: v.optional(words, []),
  must_mention: v.optional(v.array(words), []),
  must_not_claim: v.optional(words, []),
  remediation_must_mention: v.optional(v.array(words), []),
}

const faultSchema = v.looseObject(faultFields)
const truthFields = v.looseObject({
  ...faultFields,
  id: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/)),
  difficulty: v.optional(v.string(), 'medium'),
  healthy: v.boolean(),
  title: v.string(),
  also: v.optional(v.array(faultSchema), []),
  node_args: v.optional(words, []),
  overhead_path: text,
})
type Fault = v.InferOutput<typeof faultSchema>

/** What is true of one fault, and what an insight has to say to be right about it. */
export interface FaultTruth {
  readonly category: string
  readonly rootCause: string | undefined
  readonly culpritFile: string | undefined
  readonly culpritLine: number | undefined
  readonly acceptFiles: readonly string[]
  readonly acceptFunctions: readonly string[]
  /** Of each group one word has to be there. */
  readonly mustMention: readonly (readonly string[])[]
  readonly mustNotClaim: readonly string[]
  readonly remedyMustMention: readonly (readonly string[])[]
}

/** What is true of an incident. */
export interface Truth extends FaultTruth {
  readonly id: string
  readonly difficulty: string
  /** A control: whatever is said about it is a false alarm. */
  readonly isHealthy: boolean
  readonly title: string
  /** Further faults that begin at the same time. */
  readonly also: readonly FaultTruth[]
  readonly nodeArguments: readonly string[]
  /** The path of a control that is asked when the overhead is measured. */
  readonly overheadPath: string | undefined
}

/** Whether a folder holds incidents: `apps/<id>/truth.json`. */
export function isSuite(folder: string): boolean {
  return existsSync(join(folder, 'apps')) && incidentIds(folder).length > 0
}

/** The ids of a suite's incidents, sorted. */
export function incidentIds(folder: string): readonly string[] {
  return readdirSync(join(folder, 'apps'))
    .filter((name) => existsSync(join(folder, 'apps', name, 'truth.json')))
    .sort()
}

/**
 * Reads `apps/<id>/truth.json`. Where it gives no `culprit_line`, the line of `culprit_file` that
 * contains `line_match` is taken.
 *
 * @throws {Error} Names the file, the field, and what was expected there.
 */
export function readTruth(suite: string, id: string): Truth {
  const folder = join(suite, 'apps', id)
  const file = join(folder, 'truth.json')
  const parsed = v.safeParse(truthFields, parseJson(file))
  if (!parsed.success) throw new Error(`${file}: ${v.summarize(parsed.issues)}`)
  const fields = parsed.output
  if (fields.id !== id) throw new Error(`${file}: id is ${fields.id}, expected the folder's name`)
  return {
    ...readFault(folder, fields),
    id,
    difficulty: fields.difficulty,
    isHealthy: fields.healthy,
    title: fields.title,
    also: fields.also.map((fault) => readFault(folder, fault)),
    nodeArguments: fields.node_args,
    overheadPath: fields.overhead_path ?? undefined,
  }
}

function readFault(folder: string, fields: Fault): FaultTruth {
  const culpritFile = fields.culprit_file ?? undefined
  return {
    category: fields.category,
    rootCause: fields.root_cause ?? undefined,
    culpritFile,
    culpritLine:
      fields.culprit_line ?? findLine(folder, culpritFile, fields.line_match ?? undefined),
    acceptFiles: fields.accept_files,
    acceptFunctions: fields.accept_functions,
    mustMention: fields.must_mention,
    mustNotClaim: fields.must_not_claim,
    remedyMustMention: fields.remediation_must_mention,
  }
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function findLine(
  folder: string,
  file: string | undefined,
  match: string | undefined,
): number | undefined {
  if (file === undefined || match === undefined) return undefined
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  const index = lines.findIndex((line) => line.includes(match))
  if (index < 0) throw new Error(`${join(folder, file)} has no line with ${JSON.stringify(match)}`)
  return index + 1
}
