import { checkKeys, checkNumber, checkOneOf } from './options.ts'

/**
 * What happens to a message that comes when the mailbox is full.
 *
 * - `drop-oldest`: the message that has waited longest goes.
 * - `drop-newest`: the one that comes is dropped.
 * - `reject`: the same; the word for actors that are called, whose callers get `MailboxFull`.
 * - `block`: callers wait in line, each as long as its own timeout; what is no call is dropped.
 */
export type MailboxPolicy = 'drop-oldest' | 'drop-newest' | 'reject' | 'block'

export interface MailboxOptions {
  /** Messages that may wait; a whole number from 1. */
  readonly highWater: number
  /** Default: none; the mark is then only told of (`mailbox:high-water`). */
  readonly policy?: MailboxPolicy
}

/** What is told of a mailbox that has no mark of its own. */
export const DEFAULT_HIGH_WATER = 10_000

/** @throws {TypeError} or {RangeError} Not the options of a mailbox. */
export function checkMailbox(what: string, options: MailboxOptions): MailboxOptions {
  checkKeys(`${what}: mailbox`, options, ['highWater', 'policy'])
  const { highWater, policy } = options
  checkNumber(`${what}: mailbox.highWater`, highWater, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    integer: true,
  })
  if (policy !== undefined) {
    const policies = ['drop-oldest', 'drop-newest', 'reject', 'block']
    checkOneOf(`${what}: mailbox.policy`, policy, policies)
  }
  return options
}
