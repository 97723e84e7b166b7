/** The options of `start()`, checked before anything is started. */
import * as v from 'valibot'
import type { AnomalySettings, DefinedSkill } from '../skills/index.ts'
import { type BudgetOptions, checkPrices } from './budget.ts'
import { defaultOperatorIdleMs, type LaunchOptions } from './launch.ts'
import { parseOptions } from './misuse.ts'
import {
  type MainModels,
  type ModelOption,
  type ModelSetting,
  parseModel,
} from './models/setting.ts'
import { nearest } from './nearest.ts'
import { checkObserverAddress } from './observer-address.ts'
import { type OperatorModes, parseOperatorModes } from './operator-modes.ts'
import { builtInSkills } from './skill-names.ts'
import { defaultFileBounds } from './storage/file-bounds.ts'
import { defaultTriggerOptions, type TriggerOptions } from './trigger-rules.ts'

/** What `start()` takes. */
export interface StartOptions {
  /** Built-in skills by id and own ones from `defineSkill`. Default: all built-in ones. */
  readonly skills?: readonly (string | DefinedSkill)[]
  /**
   * What may be spent on models in a run, an hour and a day (UTC), in tokens and dollars, and what
   * happens then: `whenSpent: 'rules'` (default) goes on without the model, `'stop'` ends the run.
   * Default: 500 000 tokens a run, 3 million an hour, 20 million a day.
   */
  readonly budget?: BudgetOptions
  /**
   * Who thinks: `'auto'` (default: the first provider whose key is in the environment, else
   * `'rules'`), `'rules'`, `'<provider>'`, `'<provider>/<model>'`, `{ provider, model, apiKey, … }`,
   * several of them (`{ provider: 'fallback', models: […] }`), `{ coordinator, operators }`, a
   * function, or a model object of the AI SDK. docs/models.md has all of them.
   */
  readonly model?: ModelOption
  /** Default: no observer. `{}` listens on 127.0.0.1 and any free port. */
  readonly observer?:
    | false
    | {
        readonly host?: string
        readonly port?: number
        /** Needed for anything but loopback. */
        readonly token?: string
        readonly allowedOrigins?: readonly string[]
      }
  /** One JSON line for each insight is appended to this file, at once. Default: none. */
  readonly insightsFile?: string
  /**
   * Everything that happens is kept in this file, an SQLite database; one whose name ends in `.jsonl`
   * gets lines of JSON instead, without bounds. Default: memory only.
   */
  readonly journal?:
    | string
    | {
        readonly file: string
        /** Bytes that the file holds; then the oldest runs are forgotten. Default 64 MiB, at least 1. */
        readonly maxBytes?: number
        /** Milliseconds after which a run that has ended is forgotten. Default 30 days. */
        readonly maxAgeMs?: number
      }
  /** What starts investigations by itself. Default: stalls, crashes and growing memory. */
  readonly triggers?: false | Partial<TriggerOptions>
  /**
   * How the operators work. Default `'on_demand'`. `'continuous'`, or `{ vm: 'continuous', http: {
   * mode: 'continuous', lookMs: 10_000, tokensPerDay: 50_000 } }`: they watch by themselves; their
   * model is asked only when the skill's rules or the baselines see something.
   */
  readonly operators?: OperatorModes
  /**
   * Milliseconds without work after which an operator's thread ends. Default 1000: a new one is there
   * in a tenth of a second, and each takes some 15 MB.
   */
  readonly operatorIdleMs?: number
  /** How the skill `anomaly` learns, and where it keeps what it learned (`stateDir`). */
  readonly anomaly?: Omit<AnomalySettings, 'application' | 'store'>
}

const path = v.pipe(v.string(), v.nonEmpty('expected a path'))
const milliseconds = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

const observerSchema = v.strictObject({
  host: v.exactOptional(v.string()),
  port: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
  token: v.exactOptional(v.string()),
  allowedOrigins: v.exactOptional(v.array(v.string())),
})

const journalSchema = v.strictObject({
  file: path,
  maxBytes: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1_048_576), v.maxValue(2 ** 40)),
  ),
  maxAgeMs: v.exactOptional(milliseconds(60_000, 3650 * 86_400_000)),
})

const triggersSchema = v.strictObject({
  stalls: v.exactOptional(v.boolean()),
  heap: v.exactOptional(v.boolean()),
  crashes: v.exactOptional(v.boolean()),
  symptoms: v.exactOptional(v.boolean()),
  cooldownMs: v.exactOptional(milliseconds(0, 86_400_000)),
  maxPerHour: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000))),
  deadlineMs: v.exactOptional(milliseconds(500, 3_600_000)),
})

const day = 86_400_000
const anomalySchema = v.strictObject({
  intervalMs: v.exactOptional(milliseconds(1000, 600_000)),
  learnMs: v.exactOptional(milliseconds(5000, day)),
  warmUpMs: v.exactOptional(milliseconds(0, day)),
  halfLifeMs: v.exactOptional(milliseconds(60_000, 30 * day)),
  matureMs: v.exactOptional(milliseconds(0, 30 * day)),
  cooldownMs: v.exactOptional(milliseconds(0, day)),
  maxTriggersPerHour: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60)),
  ),
  starvedPct: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  stateDir: v.exactOptional(v.union([path, v.literal(false)])),
})

const limitSchema = v.strictObject({
  tokens: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  usd: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
})
const budgetSchema = v.strictObject({
  run: v.exactOptional(limitSchema),
  hour: v.exactOptional(limitSchema),
  day: v.exactOptional(limitSchema),
  whenSpent: v.exactOptional(v.picklist(['rules', 'stop'])),
})

const startSchema = v.strictObject({
  skills: v.exactOptional(v.array(v.unknown())),
  model: v.exactOptional(v.unknown()),
  budget: v.exactOptional(v.record(v.string(), v.unknown())),
  observer: v.exactOptional(v.union([v.literal(false), v.record(v.string(), v.unknown())])),
  insightsFile: v.exactOptional(path),
  journal: v.exactOptional(v.union([path, v.record(v.string(), v.unknown())])),
  triggers: v.exactOptional(v.union([v.literal(false), v.record(v.string(), v.unknown())])),
  operators: v.exactOptional(v.unknown()),
  operatorIdleMs: v.exactOptional(milliseconds(10, 86_400_000)),
  anomaly: v.exactOptional(v.record(v.string(), v.unknown())),
})

/** What a skill from `defineSkill` looks like; the skills' own check is made where it is used. */
export type IsDefinedSkill = (value: unknown) => value is DefinedSkill

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} An unknown option or skill, or a value of the wrong type; names what is expected.
 * @throws {RangeError} A number out of its bounds.
 */
export function parseStart(
  options: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  isDefinedSkill: IsDefinedSkill,
): LaunchOptions {
  const parsed = parseOptions('start(options)', startSchema, options)
  const { insightsFile, operatorIdleMs = defaultOperatorIdleMs } = parsed
  const journal = parseJournal(parsed.journal)
  const mainModels: MainModels = new Map()
  const model = parseModel(parsed.model, environment, mainModels)
  const budget = parseBudget(parsed.budget, model)
  const observer = parseObserver(parsed.observer)
  const triggers = parseTriggers(parsed.triggers)
  const anomaly =
    parsed.anomaly && parseOptions('start({ anomaly })', anomalySchema, parsed.anomaly)
  const used = parseSkills(parsed.skills ?? builtInSkills, isDefinedSkill)
  const ids = [...used.skills, ...used.custom.map(({ id }) => id)]
  const continuous = parseOperatorModes(parsed.operators, ids)
  return {
    ...used,
    continuous,
    model,
    mainModels,
    operatorIdleMs,
    ...(budget === undefined ? {} : { budget }),
    ...(observer === undefined ? {} : { observer }),
    ...(triggers === undefined ? {} : { triggers }),
    ...(anomaly === undefined ? {} : { anomaly }),
    ...(insightsFile === undefined ? {} : { insightsFile }),
    ...(journal === undefined ? {} : { journal }),
  }
}

function parseBudget(option: unknown, model: ModelSetting): BudgetOptions | undefined {
  if (option === undefined) return undefined
  const budget = parseOptions('start({ budget })', budgetSchema, option)
  checkPrices(budget, model, Date.now())
  return budget
}

function parseJournal(option: unknown): LaunchOptions['journal'] {
  if (option === undefined) return undefined
  if (typeof option === 'string') return { file: option, ...defaultFileBounds }
  return { ...defaultFileBounds, ...parseOptions('start({ journal })', journalSchema, option) }
}

function parseObserver(option: unknown): LaunchOptions['observer'] {
  if (option === undefined || option === false) return undefined
  const observer = parseOptions('start({ observer })', observerSchema, option)
  checkObserverAddress('start({ observer })', observer.host ?? '127.0.0.1', observer.token)
  return { ...observer, mayFail: false }
}

function parseTriggers(option: unknown): TriggerOptions | undefined {
  if (option === false) return undefined
  return {
    ...defaultTriggerOptions,
    ...parseOptions('start({ triggers })', triggersSchema, option ?? {}),
  }
}

function parseSkills(
  given: readonly unknown[],
  isDefinedSkill: IsDefinedSkill,
): Pick<LaunchOptions, 'skills' | 'custom'> {
  const skills: string[] = []
  const custom: DefinedSkill[] = []
  for (const skill of given) {
    if (isDefinedSkill(skill)) custom.push(skill)
    else skills.push(builtIn(skill))
  }
  const ids = [...skills, ...custom.map(({ id }) => id)]
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new TypeError(`start({ skills }): "${twice}" is given twice`)
  if (ids.length === 0) {
    throw new TypeError(
      `start({ skills }): expected at least one of ${builtInSkills.join(', ')}, or a skill from defineSkill()`,
    )
  }
  return { skills, custom }
}

function builtIn(skill: unknown): string {
  const known = builtInSkills.find((id) => id === skill)
  if (known !== undefined) return known
  const meant = typeof skill === 'string' ? nearest(skill, builtInSkills) : undefined
  const what = typeof skill === 'string' ? `"${skill}"` : 'a value that defineSkill() did not make'
  throw new TypeError(
    `start({ skills }): unknown skill ${what}${meant === undefined ? '' : `; did you mean "${meant}"?`} Built in are ${builtInSkills.join(', ')}; own skills come from defineSkill({ … })`,
  )
}
