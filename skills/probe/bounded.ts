import { Script } from 'node:vm'
import { WORD } from './layout.ts'

/** Thrown when a function did not return in its time. */
export class TookTooLong extends Error {}

const SLOT = Symbol.for('nodelens.bounded')
let script: Script | undefined
let words: Int32Array | undefined

/** Tells the gateway through the shared memory while a bounded function runs. */
export function shareBounded(shared: Int32Array | undefined): void {
  words = shared
}

/** Whether a bounded function is running: the caller interrupted it. */
export function isBoundedRunning(): boolean {
  return Reflect.has(globalThis, SLOT)
}

/**
 * Runs a synchronous function that may hang, for at most `timeoutMs` of main.
 *
 * V8 ends it from a watchdog thread (`node:vm` timeout), so an endless loop in a skill costs the application
 * a bounded pause. What the function leaves to later (promises, timers) is not bounded.
 *
 * An inspector evaluation that is under way at the deadline would swallow V8's termination and leave the
 * function running for ever (seen on Node 20). So they do not nest, and the gateway's inspector keeps
 * away while the shared word says that one is running.
 *
 * @throws {TookTooLong} It did not return in time.
 * @throws Whatever the function throws.
 */
export function runBounded<Value>(run: () => Value, timeoutMs: number): Value {
  script ??= new Script('globalThis[Symbol.for("nodelens.bounded")]()', {
    filename: 'nodelens:bounded',
  })
  const box: { value?: { is: Value } } = {}
  if (isBoundedRunning()) throw new TookTooLong('main is inside another call')
  Reflect.set(globalThis, SLOT, () => {
    box.value = { is: run() }
  })
  if (words !== undefined) Atomics.store(words, WORD.bounded, 1)
  try {
    script.runInThisContext({ timeout: Math.max(1, Math.ceil(timeoutMs)), displayErrors: false })
  } catch (error) {
    if (isTimeout(error)) throw new TookTooLong(`no answer within ${timeoutMs} ms of main`)
    throw error
  } finally {
    if (words !== undefined) Atomics.store(words, WORD.bounded, 0)
    Reflect.deleteProperty(globalThis, SLOT)
  }
  if (box.value === undefined) throw new TookTooLong('the function was interrupted')
  return box.value.is
}

function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  )
}
