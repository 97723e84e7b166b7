/** Answers that take a while: the server goes on, the caller gets an outcome that is plain data. */
import {
  fromWireError,
  isWireError,
  type ServerContext,
  toWireError,
  type WireError,
} from '../../runtime/index.ts'
import { isObject } from '../vocabulary/json.ts'

/** What a call is answered with when its server works on meanwhile. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: WireError }

/**
 * Answers the call that is being handled when the work is done, or says why it failed.
 *
 * Work that calls other actors needs a handler that is `async`: only then is it still done as this
 * actor after its first await.
 */
export function replyLater(context: ServerContext, work: () => Promise<unknown>): void {
  const { from } = context
  if (from === undefined) return
  void answerOf(work).then((answer) => context.reply(from, answer))
}

/** The outcome of some work. Never rejects. */
export async function answerOf(work: () => Promise<unknown>): Promise<Answer<unknown>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: toWireError(error) }
  }
}

/**
 * The value of an answer.
 *
 * @throws {Error} What the server's work threw.
 */
export function unwrapAnswer(answer: unknown): unknown {
  if (isObject(answer) && answer['ok'] === true) return answer['value']
  if (isObject(answer) && isWireError(answer['error'])) throw fromWireError(answer['error'])
  throw new TypeError('expected an answer with a value or an error')
}
