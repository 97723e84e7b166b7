/** A run of one operator without a coordinator, for `Operator.run`. */
import { call, describeReason, isExitReason } from '../../runtime/index.ts'
import type { DoorRequest } from '../client/protocol.ts'
import type { JournaledRun } from '../journal.ts'
import type { OperatorResult } from '../loop/operator-run.ts'
import { cleaned } from '../models/clean-data.ts'
import { isObject } from '../vocabulary/json.ts'
import { limitsFrom } from './coordinator-client.ts'
import { appendToJournal } from './journal-client.ts'
import { isOperatorResult } from './messages.ts'
import { names } from './names.ts'
import type { OperatorRunRequest } from './operator.ts'
import { type OperatorSupply, withOperator } from './operator-supply.ts'
import { ownSecrets } from './own-secrets.ts'

/** How much longer than the run's deadline its result is waited for, milliseconds. */
const slackMs = 10_000

/**
 * Runs one skill's operator. If it crashes, the result says so and holds what it had reported.
 *
 * @throws {RuntimeFailure} It could not be started, or has too many runs.
 */
export async function runOperator(
  request: Extract<DoorRequest, { type: 'operator-run' }>,
  supply: OperatorSupply,
  node: string,
): Promise<OperatorResult> {
  const { runId, skill, bounds } = request
  const { reason, context } = cleaned(request, ownSecrets())
  await appendToJournal(runId, { type: 'operator-run-started', skill, operator: runId })
  const run: OperatorRunRequest = {
    id: runId,
    runId,
    node,
    ...(reason === undefined ? {} : { reason }),
    context,
    limits: limitsFrom(bounds),
  }
  const startedAt = new Date().toISOString()
  let begun = false
  try {
    return await withOperator(supply, async (pid) => {
      begun = true
      const options = { timeoutMs: bounds.deadlineMs + slackMs }
      const result = await call(pid, 'run', run, options)
      if (isOperatorResult(result)) return result
      throw new TypeError(`operator "${skill}" answered nothing that is a result`)
    })
  } catch (error) {
    if (!begun || !isCrash(error)) throw error
    return crashedResult(request, error, startedAt)
  }
}

interface CrashError extends Error {
  readonly reason?: unknown
}

function isCrash(error: unknown): error is CrashError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_PROCESS_DOWN'
}

async function crashedResult(
  { runId, skill }: { readonly runId: string; readonly skill: string },
  error: CrashError,
  startedAt: string,
): Promise<OperatorResult> {
  const reason = isExitReason(error.reason) ? describeReason(error.reason) : error.message
  const found = await call(names.journal, 'runOf', runId)
  const result: OperatorResult = {
    skill,
    ending: { type: 'crashed', reason },
    partial: true,
    notifications: isJournaledRun(found)
      ? found.records.flatMap((record) =>
          record.type === 'notification' ? [record.notification] : [],
        )
      : [],
    snapshots: [],
    iterations: 0,
    tokens: 0,
    models: [],
    startedAt,
    endedAt: new Date().toISOString(),
  }
  await appendToJournal(runId, { type: 'operator-run-ended', operator: runId, result })
  return result
}

function isJournaledRun(value: unknown): value is JournaledRun {
  return isObject(value) && Array.isArray(value['records'])
}
