import type { FailureCode } from './outcome.ts'

/** How much of a value may still be copied across the border; counts down while copying. */
export interface Budget {
  bytes: number
  nodes: number
  readonly depth: number
  /** Names the value in messages: "result", "tables_top: argument", "callback result". */
  readonly what: string
}

/** A value that does not fit its budget, or cannot cross at all. */
export class LimitHit extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string) {
    super(message)
    this.name = 'LimitHit'
    this.code = code
  }
}

export function spendNode(budget: Budget): void {
  budget.nodes -= 1
  if (budget.nodes < 0) throw new LimitHit('too_many_nodes', `${budget.what} has too many values`)
}

export function spendBytes(budget: Budget, bytes: number): void {
  budget.bytes -= bytes
  if (budget.bytes < 0) {
    throw new LimitHit('too_large', `${budget.what} too large: it is larger than its byte limit`)
  }
}

export function checkDepth(budget: Budget, depth: number): void {
  if (depth >= budget.depth) {
    throw new LimitHit('too_deep', `${budget.what} is nested deeper than ${budget.depth}`)
  }
}
