/**
 * What an operator's kernel wants done by others: the model, the probe, the sandbox. Nothing here
 * waits in a handler; every outcome comes back as an event.
 */
import { cast, type Pid } from '../../runtime/index.ts'
import type { OperatorEffect, OperatorEvent, OperatorRun } from '../loop/operator-run.ts'
import { emit } from '../telemetry.ts'
import { ModelAsker } from './model-asker.ts'
import { names } from './names.ts'
import { executeScript, scriptMs, takeSnapshot } from './tool-clients.ts'

/** Puts an event into the operator's own mailbox. */
export type PostEvent = (runId: string, event: OperatorEvent) => void

export class OperatorHands {
  readonly #self: Pid
  readonly #asker: ModelAsker
  readonly #post: PostEvent

  constructor(self: Pid, post: PostEvent) {
    this.#self = self
    this.#asker = new ModelAsker(self)
    this.#post = post
  }

  async askModel(
    run: OperatorRun,
    { request, body }: Extract<OperatorEffect, { type: 'ask-model' }>,
  ): Promise<void> {
    const question = { run: run.id, request }
    const outcome = await this.#asker.ask(question, body, run.limits.deadlineAt)
    const at = Date.now()
    if (outcome.ok) {
      this.#post(run.id, { type: 'model-replied', request, reply: outcome.reply, at })
    } else {
      this.#post(run.id, { type: 'model-failed', request, failure: outcome.failure, at })
    }
  }

  async takeSnapshot(run: OperatorRun, request: string): Promise<void> {
    const ended = toolStarted(run, 'take_snapshot', request)
    const taken = await takeSnapshot(run.skill.id, run.limits.deadlineAt - Date.now())
    ended(taken)
    const at = Date.now()
    if (taken.ok) {
      const { capturedAt, data } = taken
      this.#post(run.id, { type: 'snapshot-taken', request, capturedAt, data, at })
    } else {
      this.#post(run.id, { type: 'snapshot-failed', request, message: taken.message, at })
    }
  }

  async execute(
    run: OperatorRun,
    { request, code }: Extract<OperatorEffect, { type: 'execute' }>,
  ): Promise<void> {
    const timeoutMs = Math.max(1, Math.min(scriptMs, run.limits.deadlineAt - Date.now()))
    const key = this.#scriptKey(run.id, request)
    const ended = toolStarted(run, 'execute', request)
    const outcome = await executeScript({ key, skill: run.skill.id, code, timeoutMs })
    ended(outcome)
    this.#post(run.id, { type: 'executed', request, outcome, at: Date.now() })
  }

  /** Gives up a request of whatever kind; both servers ignore keys that are not theirs. */
  abort(runId: string, request: string): void {
    this.#asker.abort(`${runId} ${request}`)
    cast(names.sandbox, 'abort', this.#scriptKey(runId, request))
  }

  #scriptKey(runId: string, request: string): string {
    return `${this.#self} ${runId} ${request}`
  }
}

/** Tells that a tool is at work, and by the function that it returns, what came of it. */
function toolStarted({ id: operator, runId, skill }: OperatorRun, tool: string, request: string) {
  const about = { runId, operator, skill: skill.id, tool, call: `${operator} ${request}` }
  const startedAt = performance.now()
  emit('tool', 'started', about)
  return (outcome: { readonly ok: boolean; readonly code?: string; readonly message?: string }) => {
    const { ok, code, message } = outcome
    const durationMs = Math.round(performance.now() - startedAt)
    emit('tool', 'ended', { ...about, ok, durationMs, code, message })
  }
}
