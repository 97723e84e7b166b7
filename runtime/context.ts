/**
 * Who is running: the actor whose code is on the stack, or that an `await` came back to.
 *
 * Code runs with a plain variable set, which costs nothing; what may go on after it has returned
 * also runs inside an AsyncLocalStorage. On Node 20 and 22 that turns on promise hooks for its
 * thread, which doubles the cost of every promise, so it is turned off again where nothing that
 * outlives the code has been begun in it.
 */

import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import type { Process } from './process.ts'

let onStack: Process | undefined
let storage: AsyncLocalStorage<Process> | undefined
/** Something begun inside the storage may come back to it at any time. */
let isNeeded = false
let hasBegun = false
/** The storage and the watching for beginnings are on, until the event loop has turned. */
let isOn = false
/** From Node 24 on the storage costs promises nothing. */
const isStorageFree = Number.parseInt(process.versions.node, 10) >= 24
const AsyncFunction = (async () => {}).constructor

const hook = createHook({
  init: () => {
    hasBegun = true
  },
})

export function currentProcess(): Process | undefined {
  return onStack ?? storage?.getStore()
}

/** Says who runs from now on, and who did before: give that back with another call. */
export function enter(process: Process | undefined): Process | undefined {
  const before = onStack
  onStack = process
  return before
}

/** Runs plain code as `process`. */
export function runAs<Result>(process: Process, code: () => Result): Result {
  const before = enter(process)
  try {
    return code()
  } finally {
    onStack = before
  }
}

/** Runs code as `process`, and also what it awaits. */
export function runAsyncAs<Result>(process: Process, code: () => Result): Result {
  storage ??= new AsyncLocalStorage()
  isNeeded = true
  return storage.run(process, () => runAs(process, code))
}

/** The same for code that most likely only does something and returns. */
export function runBrieflyAs<Result>(process: Process, code: () => Result): Result {
  if (isNeeded || isStorageFree) return runAsyncAs(process, code)
  storage ??= new AsyncLocalStorage()
  const beganBefore = hasBegun
  if (!isOn) turnOn()
  hasBegun = false
  try {
    return storage.run(process, () => runAs(process, code))
  } finally {
    if (hasBegun) keepOn()
    hasBegun = beganBefore
  }
}

/** An `async` function goes on after it has returned. */
export function isAsyncFunction(code: object): boolean {
  return code.constructor === AsyncFunction
}

/** How to run code that may ask who is acting at any time, or only before its first `await`. */
export function runnerOf(code: object, asksLater = true): typeof runAs {
  if (!asksLater) return runAs
  return isAsyncFunction(code) ? runAsyncAs : runBrieflyAs
}

/** Begins what is the runtime's own and never asks who is running. */
export function aside<Result>(begin: () => Result): Result {
  const before = hasBegun
  try {
    return begin()
  } finally {
    hasBegun = before
  }
}

/** To turn it on and off again for each piece of code would cost more than what it slows down. */
function turnOn(): void {
  isOn = true
  setImmediate(turnOff)
  hook.enable()
}

function turnOff(): void {
  isOn = false
  hook.disable()
  if (!isNeeded) storage?.disable()
}

function keepOn(): void {
  isNeeded = true
  hook.disable()
}
