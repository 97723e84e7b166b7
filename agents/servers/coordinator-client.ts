/** The door's way to the coordinator, which may be restarted while a caller waits. */
import { call } from '../../runtime/index.ts'
import type { RunBounds } from '../client/protocol.ts'
import { UnknownRun } from '../errors.ts'
import type { CoordinatorStart } from '../loop/coordinator-loop.ts'
import { graceFor, type RunLimits } from '../loop/run-limits.ts'
import { cleaned } from '../models/clean-data.ts'
import { isObject } from '../vocabulary/json.ts'
import { names } from './names.ts'
import { ownSecrets } from './own-secrets.ts'

/** How long a coordinator may be gone before its callers are told, milliseconds. */
const absenceMs = 10_000
const lookAgainMs = 50
/** One wait for a result; then it is asked for again, so that nothing hangs on one reply. */
const awaitMs = 60_000

/** The bounds of a run that begins now. */
export function limitsFrom({ deadlineMs, maxIterations, tokenBudget }: RunBounds): RunLimits {
  return {
    maxIterations,
    deadlineAt: Date.now() + deadlineMs,
    graceMs: graceFor(deadlineMs),
    ...(tokenBudget === undefined ? {} : { tokenBudget }),
  }
}

/** Starts a run; the same id again starts nothing new. What the caller says holds no secrets then. */
export async function startRun({ reason, context, ...start }: CoordinatorStart): Promise<void> {
  const given = cleaned({ context, ...(reason === undefined ? {} : { reason }) }, ownSecrets())
  await callCoordinator('start', { ...start, ...given }, 10_000)
}

/**
 * The result of a run, when it has ended; through restarts of the coordinator.
 *
 * @throws {UnknownRun} Nobody knows it.
 */
export async function awaitRun(runId: string): Promise<unknown> {
  for (;;) {
    const result = await orUndefinedWhenLate(callCoordinator('await', runId, awaitMs))
    if (isObject(result)) return result
    if (result === null) return journaledResult(runId)
  }
}

async function journaledResult(runId: string): Promise<unknown> {
  const result = await call(names.journal, 'resultOf', runId)
  if (isObject(result)) return result
  throw new UnknownRun('Coordinator.await', runId)
}

/** Calls the coordinator; while it is being restarted the call waits and is made again. */
export async function callCoordinator(
  name: string,
  payload: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const giveUpAt = Date.now() + absenceMs
  for (;;) {
    try {
      return await call(names.coordinator, name, payload, { timeoutMs })
    } catch (error) {
      if (!isAbsence(error) || Date.now() > giveUpAt) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
}

function isAbsence(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_NO_PROCESS' || error.code === 'ERR_PROCESS_DOWN'
}

async function orUndefinedWhenLate(result: Promise<unknown>): Promise<unknown> {
  try {
    return await result
  } catch (error) {
    const isLate = error instanceof Error && 'code' in error && error.code === 'ERR_CALL_TIMEOUT'
    if (isLate) return undefined
    throw error
  }
}
