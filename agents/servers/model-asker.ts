/** How an agent asks the model gateway: every question gets an outcome, whatever becomes of the gateway. */
import { type CallOptions, call, cast, type Pid } from '../../runtime/index.ts'
import type { ModelOutcome } from '../vocabulary/model-reply.ts'
import type { ActionOf, ModelRequest } from '../vocabulary/model-request.ts'
import { names } from './names.ts'

/** What travels to the gateway. `key` names the question, so that it can be given up. */
export interface ModelQuestion {
  readonly key: string
  /** Whose run asks (the operator's own, or the coordinator's), and the number of its question. */
  readonly run: string
  readonly request: string
  readonly body: ModelRequest
  readonly deadlineAt: number
}

/** Questions of one agent that are under way. */
export class ModelAsker {
  readonly #self: Pid
  readonly #open = new Set<string>()

  constructor(self: Pid) {
    this.#self = self
  }

  /** Asks; the promise never rejects. `run` and `request` name the question. */
  async ask<Request extends ModelRequest>(
    { run, request }: { readonly run: string; readonly request: string },
    body: Request,
    deadlineAt: number,
  ): Promise<ModelOutcome<ActionOf<Request>>> {
    const key = `${run} ${request}`
    const question = { key: `${this.#self} ${key}`, run, request, body, deadlineAt }
    const options: CallOptions = { timeoutMs: Math.max(1, deadlineAt - Date.now()) + 500 }
    this.#open.add(key)
    try {
      return await askGateway<ActionOf<Request>>(question, options)
    } catch (error) {
      return failed(error)
    } finally {
      this.#open.delete(key)
    }
  }

  /** Lets the gateway drop a question; its outcome still comes, as `aborted`. */
  abort(key: string): void {
    if (this.#open.has(key)) cast(names.model, 'abort', `${this.#self} ${key}`)
  }
}

/** The gateway answers a request of one agent with an action of that agent. */
function askGateway<Action>(
  question: ModelQuestion,
  options: CallOptions,
): Promise<ModelOutcome<Action>>
function askGateway(question: ModelQuestion, options: CallOptions): Promise<unknown> {
  return call(names.model, 'ask', question, options)
}

/** The gateway is down or being restarted: it may answer a moment later. */
function failed(error: unknown): Extract<ModelOutcome, { ok: false }> {
  const message = error instanceof Error ? error.message : String(error)
  const failure = {
    type: 'model-failure',
    kind: 'unknown',
    message: `the model gateway did not answer: ${message}`,
    retryable: true,
    model: 'gateway',
    attempts: 0,
    retryAfterMs: 250,
  } as const
  return { ok: false, failure }
}
