import { checkName } from './options.ts'
import { printable } from './wire.ts'

/**
 * In which thread an actor lives: a thread of its own; the root thread; the thread that started
 * the runtime (`caller`); the thread of whoever starts it (`here`); or a thread that several share
 * by name, started with its first actor.
 */
export type Placement = 'thread' | 'root' | 'caller' | 'here' | { readonly thread: string }

const WORDS = ['thread', 'root', 'caller', 'here']

/** @throws {TypeError} Not a placement. */
export function checkPlacement(what: string, value: unknown): void {
  if (typeof value === 'string' && WORDS.includes(value)) return
  if (typeof value === 'object' && value !== null && 'thread' in value) {
    return checkName(`${what}: placement.thread`, value.thread)
  }
  throw new TypeError(
    `${what}: expected placement 'thread', 'root', 'caller', 'here' or { thread: name }, got ${printable(value)}.`,
  )
}
