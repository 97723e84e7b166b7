import { executionAsyncId } from 'node:async_hooks'
import { getHeapStatistics } from 'node:v8'
import {
  beginCall,
  type CallOutcome,
  callNow,
  MAIN_BUDGET_MS,
  type ProbeFunction,
} from './calls.ts'
import { createCensus } from './census.ts'
import { WORD } from './layout.ts'
import { createTick } from './tick.ts'

export type ProbeFunctions = ReadonlyMap<string, ProbeFunction>

/** Answers one request of the gateway, over the port. */
export function invoke(
  functions: ProbeFunctions,
  request: unknown,
): CallOutcome | Promise<CallOutcome> {
  const { name, input, budgetMs } = parseRequest(request)
  return beginCall(functions, name, input, budgetMs)
}

/**
 * What hangs at `globalThis[Symbol.for('nodelens.probe')]` for the inspector: frozen, without prototype.
 */
export function createGlobalRecord(functions: ProbeFunctions, words: Int32Array): object {
  const record: object = Object.assign(Object.create(null), {
    version: 1,
    beats: () => Atomics.load(words, WORD.beats),
    tick: createTick(),
    asyncId: () => executionAsyncId(),
    heapUsed: () => getHeapStatistics().used_heap_size,
    invokeText: (text: string) => {
      const { name, input, budgetMs } = parseRequest(JSON.parse(text))
      return JSON.stringify(callNow(functions, name, input, budgetMs))
    },
    census: createCensus(),
  })
  return Object.freeze(record)
}

function parseRequest(request: unknown): { name: string; input: unknown; budgetMs: number } {
  const seen: { name?: unknown; input?: unknown; budgetMs?: unknown } =
    typeof request === 'object' && request !== null ? request : {}
  const budgetMs = typeof seen.budgetMs === 'number' ? seen.budgetMs : MAIN_BUDGET_MS
  return {
    name: String(seen.name),
    input: seen.input,
    budgetMs: Math.min(Math.max(budgetMs, 1), MAIN_BUDGET_MS),
  }
}
