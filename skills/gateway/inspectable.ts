import { isRecord } from '../json.ts'

export interface EvaluateOptions {
  /** Longest wait for the answer: natively blocked code answers only when it returns. */
  readonly timeoutMs: number
  /**
   * V8 ends the evaluation itself after this long. Default: not. For main only: an evaluation that has
   * a deadline takes back every other end of what it interrupts, such as a worker's `terminate()`.
   */
  readonly mainMs?: number
  /** The expression gives a promise; its value is what is wanted. */
  readonly awaitsPromise?: boolean
  /** What is charged to the budget; default the time that the answer took. */
  readonly chargeMs?: number
}

/** A thread that answers the inspector: main, or a worker of the application. */
export interface Inspectable {
  /** Evaluates and returns the value by copy. @throws {Error} The expression threw. */
  evaluate(expression: string, options: EvaluateOptions): Promise<unknown>
  /** One protocol call. */
  post(method: string, parameters: object, options: EvaluateOptions): Promise<unknown>
  /** Runs `use` with events of one protocol method; the listener is removed afterwards. */
  listen<Value>(
    event: string,
    onEvent: (parameters: unknown) => void,
    use: () => Promise<Value>,
  ): Promise<Value>
  /** Keeps the session open while `use` runs. */
  hold<Value>(use: () => Promise<Value>): Promise<Value>
}

/** `Runtime.evaluate` with the value by copy; what the expression throws is thrown here. */
export async function evaluateBy(
  target: Pick<Inspectable, 'post'>,
  expression: string,
  options: EvaluateOptions,
): Promise<unknown> {
  const parameters = {
    expression,
    returnByValue: true,
    silent: true,
    ...(options.awaitsPromise === true ? { awaitPromise: true } : {}),
    ...(options.mainMs === undefined ? {} : { timeout: options.mainMs }),
  }
  const result = await target.post('Runtime.evaluate', parameters, options)
  if (!isRecord(result)) return undefined
  if (result['exceptionDetails'] !== undefined)
    throw new Error(exceptionText(result['exceptionDetails']))
  return isRecord(result['result']) ? result['result']['value'] : undefined
}

/**
 * Whether somebody ended the thread, or the `vm` script that it runs, just while an evaluation without a deadline
 * was in it. V8 forgets that end together with the evaluation, and what was to end runs on for ever;
 * so who evaluates has to end it once more, by `Runtime.terminateExecution`.
 *
 * Measured on Node 20.20: a worker that is evaluated in for half of its time survives one in two of its
 * `terminate()`, none when it is ended once more.
 */
export function tookAnEnd(method: string, parameters: object, outcome: unknown): boolean {
  if (method !== 'Runtime.evaluate' || 'timeout' in parameters) return false
  if (outcome instanceof Error) return outcome.message.includes('Execution was terminated')
  const details = isRecord(outcome) ? outcome['exceptionDetails'] : undefined
  const exception = isRecord(details) ? details['exception'] : undefined
  return isRecord(exception) && exception['value'] === 'illegal access'
}

function exceptionText(details: unknown): string {
  const exception = isRecord(details) ? details['exception'] : undefined
  const description = isRecord(exception) ? exception['description'] : undefined
  return typeof description === 'string' ? description.slice(0, 500) : 'the expression threw'
}
