/** What callers may say about one run, checked before anything is asked. */
import * as v from 'valibot'
import { defaultDeadlineMs, defaultMaxIterations } from '../loop/run-limits.ts'
import { describeValue, parseOptions } from '../misuse.ts'
import { isObject, type JsonObject } from '../vocabulary/json.ts'
import { isJson, type Notification, notificationSchema } from '../vocabulary/notification.ts'
import { type RunPriority, runPrioritySchema } from '../vocabulary/run-priority.ts'
import { runStrategySchema } from '../vocabulary/strategy.ts'
import type { RunBounds, RunChoices } from './protocol.ts'

/** Why something is to be looked at: a reason in words, and whatever else is plain data. */
export type RunContext = { readonly reason?: string } & JsonObject

/** What a caller may set for one run of an operator. */
export interface OperatorRunOptions {
  /** Milliseconds after which the run ends with what is known. Default 300 000. */
  readonly deadlineMs?: number
  /** Answers of the model. Default 25, at most 100. */
  readonly maxIterations?: number
  /** Input and output tokens of the model. Default: the gateway's own bounds. */
  readonly tokenBudget?: number
  /** Who thinks for this run: `'rules'`, or a model as `start({ model })` takes it by name. */
  readonly model?: string
  /** Gives up waiting: the promise rejects with the signal's reason and the run is asked to conclude. */
  readonly signal?: AbortSignal
}

/** What a caller may set for one run of the coordinator. */
export interface CoordinatorRunOptions extends OperatorRunOptions {
  /** Skills that may be used in this run. Default: all that nodelens was started with. */
  readonly skills?: readonly string[]
  /** What goes first when not all runs can: `'high'`, `'normal'` (default), `'low'`. */
  readonly priority?: RunPriority
  /**
   * How it goes about: `'agent-loop'` (default: the model chooses each step), `'pipeline'` (classify,
   * gather, synthesize: fewer tokens), or `{ module }`, the URL of a strategy of one's own.
   */
  readonly strategy?: 'agent-loop' | 'pipeline' | { readonly module: URL | string }
  /** Notifications that are known before: in the run's book as unread. 100 at most, ids unique. */
  readonly notifications?: readonly Notification[]
}

/** A URL cannot be sent to another thread. */
function withHref(strategy: unknown): unknown {
  if (!isObject(strategy) || !(strategy['module'] instanceof URL)) return strategy
  return { ...strategy, module: strategy['module'].href }
}

const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

const bounds = {
  deadlineMs: v.exactOptional(integer(100, 3_600_000)),
  maxIterations: v.exactOptional(integer(1, 100)),
  tokenBudget: v.exactOptional(integer(1, 1_000_000_000)),
  model: v.exactOptional(v.pipe(v.string(), v.nonEmpty())),
  signal: v.exactOptional(v.instance(AbortSignal)),
}
const operatorSchema = v.strictObject(bounds)
const coordinatorSchema = v.strictObject({
  ...bounds,
  skills: v.exactOptional(v.pipe(v.array(v.string()), v.minLength(1))),
  priority: v.exactOptional(runPrioritySchema),
  strategy: v.exactOptional(v.pipe(v.unknown(), v.transform(withHref), runStrategySchema)),
  notifications: v.exactOptional(
    v.pipe(
      v.array(notificationSchema),
      v.maxLength(100),
      v.check(
        (given) => new Set(given.map(({ id }) => id)).size === given.length,
        'notifications with ids of their own; one id came twice',
      ),
    ),
  ),
})

/** Options of one run, with defaults. */
export interface CheckedRun {
  readonly bounds: RunBounds
  readonly signal?: AbortSignal
}

/** Options of one run of the coordinator; what is absent has the coordinator's default. */
export interface CheckedCoordinatorRun extends CheckedRun {
  readonly choices: RunChoices
}

/**
 * Checks the options of `Coordinator.run`.
 *
 * @throws {TypeError} An unknown option or a value of the wrong type.
 */
export function parseCoordinatorRun(what: string, options: unknown): CheckedCoordinatorRun {
  const { skills, priority, strategy, notifications, ...rest } = parseOptions(
    what,
    coordinatorSchema,
    options,
  )
  const choices: RunChoices = {
    ...(skills === undefined ? {} : { skills }),
    ...(priority === undefined ? {} : { priority }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(notifications === undefined ? {} : { notifications }),
  }
  return { ...checked(rest), choices }
}

/**
 * Checks the options of `Operator.run`.
 *
 * @throws {TypeError} An unknown option or a value of the wrong type.
 */
export function parseOperatorRun(what: string, options: unknown): CheckedRun {
  return checked(parseOptions(what, operatorSchema, options))
}

function checked(options: v.InferOutput<typeof operatorSchema>): CheckedRun {
  const { deadlineMs = defaultDeadlineMs, maxIterations = defaultMaxIterations } = options
  const { tokenBudget, model, signal } = options
  return {
    bounds: {
      deadlineMs,
      maxIterations,
      ...(tokenBudget === undefined ? {} : { tokenBudget }),
      ...(model === undefined ? {} : { model }),
    },
    ...(signal === undefined ? {} : { signal }),
  }
}

/**
 * Splits a context into the reason and the rest.
 *
 * @throws {TypeError} It is no object of plain JSON data, or the reason is no string.
 */
export function parseContext(
  what: string,
  context: unknown,
): { readonly reason?: string; readonly context: JsonObject } {
  if (!isObject(context)) {
    throw new TypeError(
      `${what}: expected a context like { reason: 'memory alert' }; got ${describeValue(context)}`,
    )
  }
  const { reason, ...rest } = context
  if (reason !== undefined && typeof reason !== 'string') {
    throw new TypeError(`${what}: context.reason: expected a string; got ${describeValue(reason)}`)
  }
  if (!isPlain(rest)) {
    throw new TypeError(
      `${what}: expected a context of plain JSON data (no functions, dates, cycles)`,
    )
  }
  return reason === undefined ? { context: rest } : { reason, context: rest }
}

function isPlain(value: unknown): value is JsonObject {
  return isObject(value) && isJson(value)
}
