/**
 * Who is running: the actor whose code is on the stack, or that an `await` came back to.
 *
 * A handler runs with a plain variable set, which costs nothing; bodies and `async` handlers also
 * run inside an AsyncLocalStorage, which is made at the first of them: on Node 20 it turns on
 * promise hooks for its thread, so a thread that only has plain handlers never pays for it.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Process } from './process.ts'

let onStack: Process | undefined
let storage: AsyncLocalStorage<Process> | undefined

export function currentProcess(): Process | undefined {
  return onStack ?? storage?.getStore()
}

/** Runs plain code as `process`. */
export function runAs<Result>(process: Process, code: () => Result): Result {
  const before = onStack
  onStack = process
  try {
    return code()
  } finally {
    onStack = before
  }
}

const AsyncFunction = (async () => {}).constructor

/** Runs a handler as `process`; one that is `async` keeps being it after an `await`. */
export function runFitting<Result>(
  process: Process,
  handler: (...args: never[]) => unknown,
  code: () => Result,
): Result {
  return handler instanceof AsyncFunction ? runAsyncAs(process, code) : runAs(process, code)
}

/** Runs code as `process`, and also what it awaits. */
export function runAsyncAs<Result>(process: Process, code: () => Result): Result {
  storage ??= new AsyncLocalStorage()
  return storage.run(process, () => runAs(process, code))
}
