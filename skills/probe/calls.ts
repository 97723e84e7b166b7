import type { InputSchema } from '../contract.ts'
import type { SkillFailureCode } from '../failure.ts'
import type { Json } from '../json.ts'
import { isBoundedRunning, runBounded, TookTooLong } from './bounded.ts'
import { capValue, TooLarge } from './cap.ts'

/** A function of main that the gateway may call by name. */
export interface ProbeFunction {
  readonly run: (input: unknown) => unknown
  readonly input?: InputSchema
  /** An `async` function: refused while main is blocked, before it runs. */
  readonly isAsync?: boolean
}

/** What comes back: errors are data, so that nothing of main's error objects crosses. */
export type CallOutcome =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: SkillFailureCode; readonly message: string }

/** Longest pause of main that one call may cause by itself. */
export const MAIN_BUDGET_MS = 250

/** Starts a call; the result is there at once unless the function is asynchronous. */
export function beginCall(
  functions: ReadonlyMap<string, ProbeFunction>,
  name: string,
  input: unknown,
  budgetMs: number,
): CallOutcome | Promise<CallOutcome> {
  const entry = functions.get(name)
  if (entry === undefined) return failed('unknown_callback', `main knows no function '${name}'`)
  try {
    const result = runBounded(() => {
      const value = entry.run(validated(entry.input, input))
      return isThenable(value) ? { later: value } : { now: capValue(value) }
    }, budgetMs)
    return 'later' in result ? finish(result.later, budgetMs) : { ok: true, value: result.now }
  } catch (error) {
    return asFailure(error)
  }
}

/**
 * The same while main is stuck: nothing asynchronous can settle there.
 *
 * An `async` function is refused before it runs; one that merely returns a promise is found out
 * by running it, and its promise is let go of.
 */
export function callNow(
  functions: ReadonlyMap<string, ProbeFunction>,
  name: string,
  input: unknown,
  budgetMs: number,
): CallOutcome {
  if (functions.get(name)?.isAsync === true) return blocked(name)
  if (isBoundedRunning()) return failed('main_blocked', `${name}: main is inside another call`)
  const outcome = beginCall(functions, name, input, budgetMs)
  if (!isThenable(outcome)) return outcome
  outcome.then(undefined, () => {})
  return blocked(name)
}

async function finish(value: PromiseLike<unknown>, budgetMs: number): Promise<CallOutcome> {
  try {
    const settled = await value
    return { ok: true, value: runBounded(() => capValue(settled), budgetMs) }
  } catch (error) {
    return asFailure(error)
  }
}

function blocked(name: string): CallOutcome {
  return failed(
    'main_blocked',
    `${name} is asynchronous and the main thread is blocked; call it when the stall is over`,
  )
}

class BadInput extends Error {}

function validated(schema: InputSchema | undefined, input: unknown): unknown {
  if (schema === undefined) return input
  const result = schema['~standard'].validate(input)
  if (typeof result !== 'object' || result === null || isThenable(result)) {
    throw new BadInput('the input schema is asynchronous; only synchronous schemas are supported')
  }
  if ('issues' in result && Array.isArray(result.issues))
    throw new BadInput(issueText(result.issues))
  return 'value' in result ? result.value : input
}

function issueText(issues: readonly unknown[]): string {
  const lines = issues.slice(0, 5).map((issue) => {
    if (typeof issue !== 'object' || issue === null || !('message' in issue)) return 'invalid'
    const path = 'path' in issue && Array.isArray(issue.path) ? issue.path.map(keyOf).join('.') : ''
    return path === '' ? String(issue.message) : `${path}: ${String(issue.message)}`
  })
  return lines.join('; ')
}

function keyOf(part: unknown): string {
  return typeof part === 'object' && part !== null && 'key' in part
    ? String(part.key)
    : String(part)
}

function asFailure(error: unknown): CallOutcome {
  if (error instanceof BadInput) return failed('bad_input', error.message)
  if (error instanceof TooLarge)
    return failed('too_large', `the result has ${error.message}; return less`)
  if (error instanceof TookTooLong) return failed('timeout', error.message)
  return failed('threw', errorText(error))
}

function errorText(error: unknown): string {
  try {
    return String(error instanceof Error ? `${error.name}: ${error.message}` : error).slice(0, 1000)
  } catch {
    return 'threw something that cannot be shown'
  }
}

function failed(code: SkillFailureCode, message: string): CallOutcome {
  return { ok: false, code, message }
}

function isThenable(value: unknown): value is PromiseLike<CallOutcome> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
