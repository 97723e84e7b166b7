/** `Coordinator`: investigations, from any thread of the process. */
import { RunFailed } from '../errors.ts'
import type { CoordinatorResult } from '../loop/coordinator-run.ts'
import { describeValue } from '../misuse.ts'
import { newRunId } from '../servers/run-id.ts'
import { isObject } from '../vocabulary/json.ts'
import type { CoordinatorStatus } from './protocol.ts'
import {
  type CheckedRun,
  type CoordinatorRunOptions,
  parseContext,
  parseCoordinatorRun,
  type RunContext,
} from './run-options.ts'
import { askDoor } from './transport.ts'

/** How much longer than a run's deadline its result is waited for, milliseconds. */
const slackMs = 15_000
const shortMs = 15_000
/** Longest wait of `await` by default, milliseconds, as in beamlens. */
const defaultAwaitMs = 300_000

/**
 * Investigates and waits for the result.
 *
 * The run ends by itself: when its model is done, at its deadline, when it is cancelled, or when a
 * budget is spent; the result holds what is known and says which (`outcome`, `partial`). Sixteen runs
 * are under way at a time; more wait for their turn by priority, at the cost of their own deadline. A
 * caller that dies while it waits cancels its run; one that is to outlive its caller is started by
 * {@link runAsync}.
 *
 * @param context Why: `{ reason: 'p99 doubled' }`, and whatever else is plain data.
 * @throws {TypeError} Wrong context or options; nothing was started.
 * @throws {UnknownSkill} (`ERR_UNKNOWN_SKILL`) Names the known ones; nothing was started.
 * @throws {TooManyRuns} (`ERR_TOO_MANY_RUNS`) As many runs wait as may; nothing was started.
 * @throws {RunFailed} (`ERR_RUN_FAILED`) The model failed; `error.result` holds what is known.
 * @throws {LensNotRunning} (`ERR_LENS_NOT_RUNNING`) Nodelens does not run in this process.
 * @throws {LensStopped} (`ERR_LENS_STOPPED`) It was stopped meanwhile.
 */
async function run(
  context: RunContext = {},
  options: CoordinatorRunOptions = {},
): Promise<CoordinatorResult> {
  const what = 'Coordinator.run(context, options)'
  const { request, checked } = requestFor(what, context, options)
  const timeoutMs = checked.bounds.deadlineMs + slackMs
  const { signal } = checked
  const asked = askDoor(
    what,
    { type: 'coordinator-run', ...request },
    { timeoutMs, ...(signal === undefined ? {} : { signal }) },
  )
  return resultOf(await cancelOnAbort(asked, request.runId, signal))
}

/**
 * Starts an investigation and returns its id at once, for `await`, `status` and `cancel`.
 *
 * @throws As {@link run}, but for what only shows later.
 */
async function runAsync(
  context: RunContext = {},
  options: CoordinatorRunOptions = {},
): Promise<string> {
  const what = 'Coordinator.runAsync(context, options)'
  const { request } = requestFor(what, context, options)
  await askDoor(what, { type: 'coordinator-start', ...request }, { timeoutMs: shortMs })
  return request.runId
}

/**
 * Waits for a run's result; any number may wait, also after its end.
 *
 * @param runId Default: the newest run that is under way.
 * @param timeoutMs Milliseconds to wait. Default 300 000. The run goes on.
 * @throws {UnknownRun} (`ERR_UNKNOWN_RUN`) There is no such run, or it ended too long ago.
 * @throws {RunFailed} The model failed.
 */
async function awaitRun(
  runId?: string,
  { timeoutMs = defaultAwaitMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<CoordinatorResult> {
  const what = 'Coordinator.await(runId)'
  const answer = await askDoor(
    what,
    { type: 'coordinator-await', ...checkedId(what, runId) },
    { timeoutMs: checkedTime(what, timeoutMs), ...(signal === undefined ? {} : { signal }) },
  )
  return resultOf(answer)
}

/**
 * What is under way.
 *
 * @param runId Only this run.
 */
async function status(runId?: string): Promise<CoordinatorStatus> {
  const what = 'Coordinator.status(runId)'
  const request = { type: 'coordinator-status', ...checkedId(what, runId) } as const
  const answer = await askDoor(what, request, { timeoutMs: shortMs })
  if (isStatus(answer)) return answer
  throw new TypeError(`${what}: the root thread answered nothing that is a status`)
}

/**
 * Asks a run to conclude with what is known; its result comes to those who wait for it.
 *
 * @param runId Default: all runs; those that wait and follow-ups that are yet to come end at once. With
 *   the id of a run its follow-up is cancelled too.
 * @returns The ids of the runs that were asked.
 */
async function cancel(runId?: string): Promise<readonly string[]> {
  const what = 'Coordinator.cancel(runId)'
  const request = { type: 'coordinator-cancel', ...checkedId(what, runId) } as const
  const answer = await askDoor(what, request, { timeoutMs: shortMs })
  return Array.isArray(answer) ? answer.map(String) : []
}

/** Investigations, from any module and thread of the process. */
export const Coordinator = { run, runAsync, await: awaitRun, status, cancel } as const

function requestFor(what: string, context: unknown, options: unknown) {
  const checked = parseCoordinatorRun(what, options)
  const { bounds, choices } = checked
  const runId = newRunId()
  const request = { runId, ...parseContext(what, context), bounds, ...choices }
  return { request, checked }
}

/** Who gives up waiting for a run of their own does not want it any more. */
async function cancelOnAbort(
  asked: Promise<unknown>,
  runId: string,
  signal: CheckedRun['signal'],
): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    if (signal?.aborted === true) cancel(runId).catch(() => undefined)
    throw error
  }
}

function resultOf(answer: unknown): CoordinatorResult {
  if (!isResult(answer)) throw new TypeError('the root thread answered nothing that is a result')
  if (answer.outcome !== 'failed') return answer
  const reason = answer.failure?.message ?? 'the model failed'
  throw new RunFailed(answer.runId, reason, answer)
}

function isResult(value: unknown): value is CoordinatorResult {
  return isObject(value) && typeof value['outcome'] === 'string' && Array.isArray(value['insights'])
}

function isStatus(value: unknown): value is CoordinatorStatus {
  return isObject(value) && typeof value['running'] === 'boolean' && Array.isArray(value['runs'])
}

function checkedId(what: string, runId: unknown): { readonly runId?: string } {
  if (runId === undefined) return {}
  if (typeof runId === 'string') return { runId }
  throw new TypeError(`${what}: expected the id of a run; got ${describeValue(runId)}`)
}

function checkedTime(what: string, timeoutMs: unknown): number {
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1) return timeoutMs
  throw new RangeError(
    `${what}: timeoutMs: expected milliseconds from 1 to 2147483647; got ${describeValue(timeoutMs)}`,
  )
}
