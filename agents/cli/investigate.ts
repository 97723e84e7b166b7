/** `nodelens investigate <pid>`: an investigation in a process that may know nothing of nodelens. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type Errand, errandVersion } from '../errand.ts'
import type { CoordinatorResult } from '../loop/coordinator-run.ts'
import { defaultMaxIterations } from '../loop/run-limits.ts'
import { coordinatorResultSchema } from '../schemas.ts'
import { newRunId } from '../servers/run-id.ts'
import { connectTo, type InspectorClient } from './inspector-client.ts'

export interface InvestigateOptions {
  readonly pid: number
  readonly reason?: string
  readonly skills?: readonly string[]
  readonly model?: string
  readonly deadlineMs: number
}

/** Time for the house to be built in the other process, beyond the run's own. */
const SLACK_MS = 15_000
const LOOK_MS = 50

const answerSchema = v.variant('ok', [
  v.object({
    version: v.literal(errandVersion),
    ok: v.literal(true),
    value: coordinatorResultSchema,
  }),
  v.object({ version: v.literal(errandVersion), ok: v.literal(false), message: v.string() }),
])

/**
 * Attaches, investigates, and leaves the process as it was. Works while its main thread is stuck.
 *
 * @throws {AttachFailed} The process cannot be reached.
 * @throws {Error} The run could not be started there, or gave no answer in time.
 */
export async function investigate(options: InvestigateOptions): Promise<CoordinatorResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-'))
  try {
    const errand = errandOf(options, join(folder, 'answer.json'))
    const client = await connectTo(options.pid)
    const attached = await client.evaluate(attachExpression(errand, options.model))
    try {
      return await answerIn(errand, client)
    } finally {
      await leave(client, attached === 'started')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function errandOf(options: InvestigateOptions, answerFile: string): Errand {
  const { reason, skills, deadlineMs } = options
  return {
    request: {
      type: 'coordinator-run',
      runId: newRunId(),
      context: {},
      bounds: { deadlineMs, maxIterations: defaultMaxIterations },
      ...(reason === undefined ? {} : { reason }),
      ...(skills === undefined ? {} : { skills }),
    },
    timeoutMs: deadlineMs + SLACK_MS,
    answerFile,
  }
}

async function answerIn(
  { answerFile, timeoutMs }: Errand,
  client: InspectorClient,
): Promise<CoordinatorResult> {
  const until = Date.now() + timeoutMs + SLACK_MS
  while (Date.now() < until) {
    const text = textOf(answerFile)
    if (text !== undefined) {
      const answer = v.parse(answerSchema, JSON.parse(text))
      if (answer.ok) return answer.value
      throw new Error(`The investigation failed: ${answer.message}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    await client.evaluate('0').catch((error: unknown) => {
      // A native call holds main for a while; only an end of the process is final.
      if (String(error).includes('has ended')) throw error
    })
  }
  throw new Error(`The investigation gave no answer within ${timeoutMs + SLACK_MS} ms.`)
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Closes the inspector too, unless it had been open before: nobody else can tell, so it stays then. */
async function leave(client: InspectorClient, started: boolean): Promise<void> {
  try {
    if (started) await client.evaluate(inModule('detach()'))
    await client.evaluate('setTimeout(() => process._debugEnd(), 50).unref(), 0')
  } catch {
    // The process has ended meanwhile, or is stuck in native code.
  } finally {
    client.close()
  }
}

function attachExpression(errand: Errand, model: string | undefined): string {
  const given = model === undefined ? '' : `, ${JSON.stringify(model)}`
  return inModule(`attach(${JSON.stringify(errand)}${given})`)
}

/** `require` of an ES module is synchronous; its warning is not the application's to print. */
function inModule(expression: string): string {
  const file = JSON.stringify(fileURLToPath(new URL('../attach.js', import.meta.url)))
  return `(() => {
    const { emitWarning } = process
    process.emitWarning = () => {}
    try {
      return process.getBuiltinModule('module').createRequire(${file})(${file}).${expression}
    } finally {
      process.emitWarning = emitWarning
    }
  })()`
}
