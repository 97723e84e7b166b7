import * as v from 'valibot'
import type { CoordinatorResult } from '../../../agents/loop/coordinator-run.ts'
import { graceFor } from '../../../agents/loop/run-limits.ts'
import { coordinatorResultSchema } from '../../../agents/schemas.ts'
import { names } from '../../../agents/servers/names.ts'
import { newRunId } from '../../../agents/servers/run-id.ts'
import { telemetry } from '../../../agents/telemetry.ts'
import { summarize } from '../../../agents/vocabulary/skill-description.ts'
import { call } from '../../../runtime/index.ts'
import { patienceMs } from './house.ts'
import { skill } from './kernel.ts'

/** Starts a run and returns its id and its result to come. */
export async function begin(
  deadlineMs = 60_000,
): Promise<{ runId: string; result: Promise<CoordinatorResult> }> {
  const runId = newRunId()
  const start = {
    id: runId,
    reason: 'p99 doubled',
    context: {},
    skills: summarize(['vm', 'tables'].map((id) => skill(id))),
    limits: {
      maxIterations: 25,
      deadlineAt: Date.now() + deadlineMs,
      graceMs: graceFor(deadlineMs),
    },
    followUps: 0,
  }
  await call(names.coordinator, 'start', start, { timeoutMs: patienceMs })
  return { runId, result: awaitRun(runId) }
}

/** The result of a run; it has the shape that is promised. */
export async function awaitRun(runId: string): Promise<CoordinatorResult> {
  const result = await call(names.coordinator, 'await', runId, { timeoutMs: patienceMs })
  v.parse(coordinatorResultSchema, JSON.parse(JSON.stringify(result)))
  return result as CoordinatorResult
}

/** Resolves when an event is told that matches. */
export function heard(
  pattern: string,
  matches: (data: Record<string, unknown>) => boolean = () => true,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${pattern} was not heard`)), patienceMs)
    const stop = telemetry.subscribe(pattern, ({ data }) => {
      if (!matches(data)) return
      clearTimeout(timer)
      stop()
      resolve(data)
    })
  })
}
