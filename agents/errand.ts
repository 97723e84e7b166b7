/**
 * A question from outside the process: what the command asks, and the file in which it awaits the
 * answer. It goes to the root thread as data, so that it is carried out while main is stuck.
 */
import type { DoorRequest } from './client/protocol.ts'

export interface Errand {
  readonly request: DoorRequest
  /** Milliseconds for the answer. */
  readonly timeoutMs: number
  /** Written at once and whole (a file beside it is renamed): an `ErrandAnswer` as JSON. */
  readonly answerFile: string
}

/** Version of the answer's JSON. Raised when it changes its meaning. */
export const errandVersion = 1

/** What is found in the file. */
export type ErrandAnswer =
  | { readonly version: typeof errandVersion; readonly ok: true; readonly value: unknown }
  | { readonly version: typeof errandVersion; readonly ok: false; readonly message: string }
