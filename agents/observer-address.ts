/** Where the observer may listen: known before anything is started. */
// The runtime's door leaves the observer out, so that main does not load it.
// oxlint-disable-next-line no-restricted-imports
import { isLoopback } from '../runtime/observer/observer-options.ts'

/**
 * Others must not reach the observer without a token.
 *
 * @param what The option or variable, for the message.
 * @throws {TypeError} The host is not loopback and there is no token.
 */
export function checkObserverAddress(what: string, host: string, token: string | undefined): void {
  if (token !== undefined || isLoopback(host)) return
  throw new TypeError(
    `${what}: host "${host}" can be reached by others, and there is no token. Set one (a long random string), or listen on 127.0.0.1`,
  )
}
