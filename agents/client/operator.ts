/** `Operator`: one skill's investigator, from any thread of the process. */
import { NoAnswer, RunFailed } from '../errors.ts'
import type { NoAnswerReason, OperatorAnswer, OperatorResult } from '../loop/operator-run.ts'
import { describeValue } from '../misuse.ts'
import { isOperatorResult } from '../servers/messages.ts'
import { newRunId } from '../servers/run-id.ts'
import { isObject } from '../vocabulary/json.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { OperatorStatus } from './protocol.ts'
import {
  type OperatorRunOptions,
  parseContext,
  parseOperatorRun,
  type RunContext,
} from './run-options.ts'
import { askDoor } from './transport.ts'

const slackMs = 15_000
const shortMs = 15_000
/** An operator's model has to be asked for an answer, milliseconds. */
const messageMs = 65_000

/** A run that was started and is not waited for yet. */
export interface OperatorRunHandle {
  readonly runId: string
  readonly skill: string
  /** Settles when the run has ended; also a failed or crashed one is a result here. */
  readonly result: Promise<OperatorResult>
}

/**
 * Lets one skill's operator look, and waits for what it found.
 *
 * @param skill The id of a skill, `'vm'`.
 * @param context Why: `{ reason: 'event loop lag' }`, and whatever else is plain data.
 * @returns The notifications, oldest first; empty: nothing was found.
 * @throws {TypeError} Wrong context or options; nothing was started.
 * @throws {UnknownSkill} (`ERR_UNKNOWN_SKILL`) Names the known ones; nothing was started.
 * @throws {RunFailed} (`ERR_RUN_FAILED`) The model failed or the operator crashed: `error.result` holds what is known.
 */
async function run(
  skill: string,
  context: RunContext = {},
  options: OperatorRunOptions = {},
): Promise<readonly Notification[]> {
  const { runId, result } = start('Operator.run(skill, context, options)', skill, context, options)
  const { ending, ...known } = await result
  if (ending.type === 'failed' || ending.type === 'crashed') {
    const reason = `the operator ${ending.type}: ${ending.reason}`
    throw new RunFailed(runId, reason, { ...known, ending })
  }
  return known.notifications
}

/**
 * As {@link run}, without waiting.
 *
 * @returns The run's id, and its result to come with all that is known of the run.
 */
async function runAsync(
  skill: string,
  context: RunContext = {},
  options: OperatorRunOptions = {},
): Promise<OperatorRunHandle> {
  const what = 'Operator.runAsync(skill, context, options)'
  const handle = start(what, skill, context, options)
  // Whoever does not look at the result is not to be woken by its failure.
  handle.result.catch(() => undefined)
  return handle
}

/** What a skill's operator is doing. */
async function status(skill: string): Promise<OperatorStatus> {
  const what = 'Operator.status(skill)'
  const request = { type: 'operator-status', skill: checkedSkill(what, skill) } as const
  const answer = await askDoor(what, request, { timeoutMs: shortMs })
  if (isStatus(answer)) return answer
  throw new TypeError(`${what}: the root thread answered nothing that is a status`)
}

/**
 * Asks a running operator something; its run goes on meanwhile.
 *
 * @throws {NoAnswer} (`ERR_NO_ANSWER`) `why`: it does not run, is asked too much, or its model failed.
 */
async function message(skill: string, text: string): Promise<OperatorAnswer> {
  const what = 'Operator.message(skill, text)'
  if (typeof text !== 'string' || text === '') {
    throw new TypeError(`${what}: expected a text; got ${describeValue(text)}`)
  }
  const request = { type: 'operator-message', skill: checkedSkill(what, skill), text } as const
  const outcome = await askDoor(what, request, { timeoutMs: messageMs })
  if (isObject(outcome) && isAnswer(outcome['answer'])) return outcome['answer']
  const { error, why } = isObject(outcome) ? outcome : {}
  throw new NoAnswer(what, typeof error === 'string' ? error : 'it gave no answer', reasonOf(why))
}

/**
 * Asks the runs of a skill's operator to conclude with what is known.
 *
 * @returns False if the operator does not run.
 */
async function stop(skill: string): Promise<boolean> {
  const what = 'Operator.stop(skill)'
  const request = { type: 'operator-stop', skill: checkedSkill(what, skill) } as const
  return (await askDoor(what, request, { timeoutMs: shortMs })) === true
}

/** Single operators, from any module and thread of the process. */
export const Operator = { run, runAsync, status, message, stop } as const

function start(
  what: string,
  skill: unknown,
  context: unknown,
  options: unknown,
): OperatorRunHandle {
  const id = checkedSkill(what, skill)
  const { bounds, signal } = parseOperatorRun(what, options)
  const runId = newRunId()
  const request = {
    type: 'operator-run',
    runId,
    skill: id,
    ...parseContext(what, context),
    bounds,
  } as const
  const asked = askDoor(what, request, {
    timeoutMs: bounds.deadlineMs + slackMs,
    ...(signal === undefined ? {} : { signal }),
  })
  return { runId, skill: id, result: asked.then(checkedResult) }
}

function reasonOf(why: unknown): NoAnswerReason {
  return why === 'not_running' || why === 'busy' ? why : 'model_failed'
}

function checkedResult(answer: unknown): OperatorResult {
  if (isOperatorResult(answer)) return answer
  throw new TypeError('the root thread answered nothing that is a result')
}

function checkedSkill(what: string, skill: unknown): string {
  if (typeof skill === 'string' && skill !== '') return skill
  throw new TypeError(`${what}: expected the id of a skill ('vm'); got ${describeValue(skill)}`)
}

function isStatus(value: unknown): value is OperatorStatus {
  return isObject(value) && typeof value['skill'] === 'string' && Array.isArray(value['runs'])
}

function isAnswer(value: unknown): value is OperatorAnswer {
  return isObject(value) && typeof value['skill'] === 'string' && 'response' in value
}
