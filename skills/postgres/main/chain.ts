/**
 * Queries that follow from one another: almost always those of one request.
 *
 * Without async hooks, which make `await` slow on Node 20: what runs between the answer of a query and the end of that
 * turn of the loop was waiting for the answer. A chain ends where the application waits for something else, so
 * it may be shorter than the request, never longer.
 */
import type { Statement } from './statements.ts'

/** From this many repetitions in one chain on it is a run. */
export const RUN_FROM = 10
const MAX_KINDS = 32

const nextTick = process.nextTick.bind(process)
/** `queueMicrotask` makes an async resource of each; this does not. */
const settled = Promise.resolve()

export class Chain {
  /** Most chains have one or two kinds of statements: a map comes with the second. */
  #only: Statement | undefined
  #onlyCount = 0
  #counts: Map<Statement, number> | undefined
  /** The statement that last gave several rows. */
  #list: Statement | undefined

  /** Notes a call of the statement. */
  note(statement: Statement): void {
    const count = this.#count(statement) + 1
    this.#setCount(statement, count)
    if (count < RUN_FROM) return
    if (count === RUN_FROM) {
      statement.runs += 1
      statement.leader = this.#list?.id ?? 0
    }
    statement.runCalls += count === RUN_FROM ? RUN_FROM : 1
    if (count > statement.longestRun) statement.longestRun = count
  }

  /** Notes an answer. */
  answered(statement: Statement, rows: number, ms: number): void {
    const count = this.#count(statement)
    if (count >= RUN_FROM) statement.runMs += ms
    if (rows > 1 && count < RUN_FROM) this.#list = statement
  }

  #count(statement: Statement): number {
    return statement === this.#only ? this.#onlyCount : (this.#counts?.get(statement) ?? 0)
  }

  #setCount(statement: Statement, count: number): void {
    this.#only ??= statement
    if (statement === this.#only) {
      this.#onlyCount = count
      return
    }
    this.#counts ??= new Map()
    if (count > 1 || this.#counts.size < MAX_KINDS) this.#counts.set(statement, count)
  }
}

let current: Chain | undefined
let isEnding = false

/** The chain of this turn of the loop; a new one when the turn has none. */
export function chainOfTurn(): Chain {
  if (current === undefined) resumeChain(new Chain())
  return current ?? new Chain()
}

/** What runs until the end of this turn belongs to the chain. */
export function resumeChain(chain: Chain): void {
  current = chain
  if (isEnding) return
  isEnding = true
  void settled.then(afterMicrotasks)
}

/** A next tick that a microtask asks for comes when all microtasks are done: the end of the turn. */
function afterMicrotasks(): void {
  nextTick(endTurn)
}

function endTurn(): void {
  current = undefined
  isEnding = false
}
