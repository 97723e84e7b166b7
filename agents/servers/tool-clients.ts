/** An operator's way to the probe gateway and the sandbox: what they do is plain data, errors too. */
import { call } from '../../runtime/index.ts'
import type { ExecutionOutcome } from '../loop/operator-run.ts'
import { isObject, type Json } from '../vocabulary/json.ts'
import { isJson } from '../vocabulary/notification.ts'
import { names } from './names.ts'
import { unwrapAnswer } from './reply-later.ts'

/** Longest time for one snapshot, milliseconds. */
const snapshotMs = 5_000
/** Longest time for one script, its wait for a thread included, milliseconds. */
export const scriptMs = 45_000
/** How much later than the server's own limit the caller gives up. */
const slackMs = 1_000

/** A snapshot, or why there is none. */
export type SnapshotOutcome =
  | { readonly ok: true; readonly capturedAt: string; readonly data: Json }
  | { readonly ok: false; readonly message: string }

/** Takes a snapshot of a skill. Never rejects. */
export async function takeSnapshot(skill: string, msLeft: number): Promise<SnapshotOutcome> {
  const timeoutMs = Math.max(1, Math.min(snapshotMs, msLeft))
  try {
    const options = { timeoutMs: timeoutMs + slackMs }
    const answer = await call(names.probe, 'snapshot', { skill, timeoutMs }, options)
    const taken = unwrapAnswer(answer)
    if (isObject(taken) && typeof taken['capturedAt'] === 'number' && isJson(taken['data'])) {
      const capturedAt = new Date(taken['capturedAt']).toISOString()
      return { ok: true, capturedAt, data: taken['data'] }
    }
    return { ok: false, message: `the snapshot of "${skill}" is no plain JSON data` }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}

/** A script on its way to the sandbox. */
export interface ScriptRequest {
  /** Names the script, so that it can be given up. */
  readonly key: string
  readonly skill: string
  readonly code: string
  readonly timeoutMs: number
}

/** Runs a script. Never rejects. */
export async function executeScript(request: ScriptRequest): Promise<ExecutionOutcome> {
  try {
    const outcome = await call(names.sandbox, 'execute', request, {
      timeoutMs: request.timeoutMs + slackMs,
    })
    if (isExecutionOutcome(outcome)) return outcome
    return failed('thread_crash', 'the sandbox answered nothing that is an outcome')
  } catch (error) {
    return failed('thread_crash', `the sandbox did not answer: ${messageOf(error)}`)
  }
}

function failed(code: string, message: string): ExecutionOutcome {
  return { ok: false, code, message, logs: [] }
}

function isExecutionOutcome(value: unknown): value is ExecutionOutcome {
  if (!isObject(value) || !Array.isArray(value['logs'])) return false
  if (value['ok'] === true) return isJson(value['value'])
  return (
    value['ok'] === false &&
    typeof value['code'] === 'string' &&
    typeof value['message'] === 'string'
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
