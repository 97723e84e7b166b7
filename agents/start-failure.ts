/** Why nodelens did not start, in one error instead of a chain of supervisors. */
import { fromWireError, isWireError } from '../runtime/index.ts'
import { isObject } from './vocabulary/json.ts'

/** Supervisors between the cause and whoever asks. */
const maxDepth = 8

/** The error of the child that failed, if the chain leads to one; else the error itself. */
export function causeOfFailedStart(error: unknown): unknown {
  let reason: unknown = isObject(error) || error instanceof Error ? reasonIn(error) : undefined
  for (let depth = 0; depth < maxDepth && isObject(reason); depth++) {
    const { error: cause, detail } = reason
    if (isWireError(cause)) return fromWireError(cause)
    reason = isObject(detail) ? detail['reason'] : undefined
  }
  return error
}

function reasonIn(error: object): unknown {
  return 'reason' in error ? error.reason : undefined
}
