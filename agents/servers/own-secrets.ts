/** The literal secrets of this process, as its environment was when this thread was started. */
import { cleanText } from '../models/clean-data.ts'
import { secretsOf } from '../models/redact.ts'

/** Values of variables whose names say that they are secret. */
export function ownSecrets(): string[] {
  return secretsOf(process.env, process.cwd())
}

/** Causes of an error that are looked at. */
const maximumCauses = 8

/** Cleans the texts of an error and of its causes, in place. */
export function cleanError(error: unknown, secrets: readonly string[]): void {
  let current = error
  for (let depth = 0; current instanceof Error && depth < maximumCauses; depth++) {
    const { message, stack, cause } = current
    // `Reflect.set`: the message of a DOMException cannot be set, and is not the application's
    Reflect.set(current, 'message', cleanText(message, secrets))
    if (stack !== undefined) Reflect.set(current, 'stack', cleanText(stack, secrets))
    if (typeof cause === 'string') Reflect.set(current, 'cause', cleanText(cause, secrets))
    current = cause
  }
}
