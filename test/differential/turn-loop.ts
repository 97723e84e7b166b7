import { setImmediate } from 'node:timers/promises'

/** A new port and the messages on it take one turn each; what comes meanwhile, the next one. */
const TURNS = 4

/**
 * Lets this thread's event loop read all its ports. Without that, two threads that answer each
 * other do so from one callback of one port, up to a thousand times, while other ports wait.
 */
export async function turnLoop(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate()
}
