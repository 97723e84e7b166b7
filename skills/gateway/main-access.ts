import { isFailureCode, SkillFailure, type SkillFailureCode } from '../failure.ts'
import { isRecord, type Json, parseJson, textOf } from '../json.ts'
import type { CallOutcome } from '../probe/calls.ts'
import { type Inspector, InspectorUnavailable } from './inspector.ts'
import type { SafeRemote } from './remote.ts'

/** Which way an answer came. */
export type Via = 'port' | 'inspector' | 'outside'

export interface MainAnswer {
  readonly value: Json
  readonly via: 'port' | 'inspector'
}

export interface MainCall {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** false: never by the inspector (the callback changes something, and must not run twice). */
  readonly mayInterrupt?: boolean
}

/** From this lateness of the heartbeat on main is asked by the inspector at once. */
const LATE_MS = 100
/** How long the port may take to answer before the heartbeat is looked at. */
const PORT_WAIT_MS = 150
const CHECK_EVERY_MS = 50
/** The inspector answers in 0.2 ms, except inside native calls. */
const INSPECTOR_WAIT_MS = 400

/** Calls functions of main: by the port while it turns, by the inspector while it is stuck. */
export class MainAccess {
  readonly #inspector: Inspector
  readonly #lateMs: () => number
  readonly #remote: () => SafeRemote | undefined

  constructor(inspector: Inspector, lateMs: () => number, remote: () => SafeRemote | undefined) {
    this.#inspector = inspector
    this.#lateMs = lateMs
    this.#remote = remote
  }

  /**
   * Calls a function of the probe.
   *
   * On time: by the port; when no answer comes within 150 ms and the heartbeat is late by then,
   * by the inspector. Late already: by the inspector at once; what cannot be answered there (an
   * asynchronous function) gets another 150 ms on the port, because the stall may just be over.
   *
   * @throws {SkillFailure} With the code that main gave, or main_blocked, timeout, stopped.
   */
  async invoke(name: string, input: Json, call: MainCall): Promise<MainAnswer> {
    const mayInterrupt = call.mayInterrupt !== false
    const isLate = this.#lateMs() > LATE_MS
    const first = isLate && mayInterrupt ? undefined : await this.#byPort(name, input, call)
    if (first !== undefined) return { value: valueOf(first), via: 'port' }
    if (!mayInterrupt) throw new SkillFailure('main_blocked', `${name}: the main thread is blocked`)
    const outcome = await this.#byInspector(name, input, call.timeoutMs)
    if (isLate && !outcome.ok && outcome.code === 'main_blocked') {
      const last = await this.#byPort(name, input, call)
      if (last !== undefined) return { value: valueOf(last), via: 'port' }
    }
    return { value: valueOf(outcome), via: 'inspector' }
  }

  /** undefined: there is no port, or main got stuck before it answered. */
  async #byPort(name: string, input: Json, call: MainCall): Promise<CallOutcome | undefined> {
    const remote = this.#remote()
    if (remote === undefined || remote.isClosed()) return undefined
    const startedAt = performance.now()
    const answer = remote.api.invoke({ name, input })
    answer.catch(() => {})
    for (;;) {
      const canLeave = call.mayInterrupt !== false && !this.#inspector.isMainBounded
      const waitedMs = performance.now() - startedAt
      if (call.signal?.aborted === true) throw asError(call.signal.reason)
      if (waitedMs >= call.timeoutMs)
        throw new SkillFailure('timeout', `no answer within ${call.timeoutMs} ms`)
      if (waitedMs >= PORT_WAIT_MS && this.#lateMs() > LATE_MS && canLeave) return undefined
      const outcome = await within(answer, Math.min(CHECK_EVERY_MS, call.timeoutMs - waitedMs))
      if (outcome !== undefined) return outcome
    }
  }

  async #byInspector(name: string, input: Json, timeoutMs: number): Promise<CallOutcome> {
    const text = JSON.stringify(JSON.stringify({ name, input }))
    const expression = `globalThis[Symbol.for('nodelens.probe')].invokeText(${text})`
    try {
      const options = { timeoutMs: Math.min(timeoutMs, INSPECTOR_WAIT_MS), mainMs: 300 }
      const answer = await this.#inspector.evaluate(expression, options)
      return typeof answer === 'string'
        ? parseOutcome(parseJson(answer))
        : failure('threw', 'main gave no answer')
    } catch (error) {
      if (!(error instanceof InspectorUnavailable)) return failure('threw', asError(error).message)
      const why = error.why === 'closed' ? 'stopped' : 'main_blocked'
      return failure(why, `${name}: ${error.message}`)
    }
  }
}

async function within(
  answer: PromiseLike<CallOutcome>,
  waitMs: number,
): Promise<CallOutcome | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(1, waitMs))
  })
  try {
    return await Promise.race([answer, late])
  } catch {
    return failure('stopped', 'the main thread is gone')
  } finally {
    clearTimeout(timer)
  }
}

function valueOf(outcome: CallOutcome): Json {
  if (outcome.ok) return outcome.value
  throw new SkillFailure(outcome.code, outcome.message)
}

function parseOutcome(value: Json): CallOutcome {
  if (!isRecord(value)) return failure('threw', 'main gave no answer')
  if (value['ok'] === true) return { ok: true, value: value['value'] ?? null }
  const code = value['code']
  return failure(isFailureCode(code) ? code : 'threw', textOf(value['message']))
}

function failure(code: SkillFailureCode, message: string): CallOutcome {
  return { ok: false, code, message }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
