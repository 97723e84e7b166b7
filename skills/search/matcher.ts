import { isWordCode, type Node, PatternError, parsePattern } from './syntax.ts'

/**
 * Regular expressions whose time is bounded by the length of the text times that of the pattern.
 *
 * Patterns come from models and people, texts from whoever can make the application log: V8's
 * engine backtracks, and one of both suffices to hang it. This one follows all alternatives
 * at once (Thompson's construction) and stops when its steps are used up.
 * @see https://swtch.com/~rsc/regexp/regexp1.html
 */
type Step =
  | { readonly type: 'set'; readonly matches: (code: number) => boolean }
  | { readonly type: 'edge'; readonly at: 'start' | 'end' | 'word' | 'inside' }
  | { readonly type: 'split'; readonly to: number[] }
  | { readonly type: 'found' }

const MAX_STEPS = 2000

export interface Pattern {
  readonly steps: readonly Step[]
}

/** What the search may still cost, in steps of the machine; shared by many texts. */
export interface SearchBudget {
  left: number
}

/** Compiles a pattern; letters match without regard to case. @throws {PatternError} */
export function compilePattern(pattern: string): Pattern {
  const steps: Step[] = []
  build(parsePattern(pattern), steps)
  steps.push({ type: 'found' })
  return { steps }
}

/** Whether the pattern is found anywhere; undefined when the budget ran out before that was known. */
export function findPattern(
  { steps }: Pattern,
  text: string,
  budget: SearchBudget,
): boolean | undefined {
  const machine = new Machine(steps, text)
  for (let at = 0; at <= text.length; at += 1) {
    if (machine.advance(at)) return true
    budget.left -= machine.cost
    if (budget.left <= 0) return undefined
  }
  return false
}

class Machine {
  readonly #steps: readonly Step[]
  readonly #text: string
  /** The position at which a step was last entered. */
  readonly #seenAt: Int32Array
  #current: number[] = []
  cost = 0

  constructor(steps: readonly Step[], text: string) {
    this.#steps = steps
    this.#text = text
    this.#seenAt = new Int32Array(steps.length).fill(-1)
  }

  /** Starts a new attempt here, follows all that are open, and reads one character. */
  advance(at: number): boolean {
    this.cost = 1
    const open: number[] = []
    for (const step of this.#current) if (this.#enter(step, at, open)) return true
    if (this.#enter(0, at, open)) return true
    const code = this.#text.charCodeAt(at)
    this.#current = []
    if (at >= this.#text.length) return false
    for (const index of open) {
      const step = this.#steps[index]
      this.cost += 1
      if (step?.type === 'set' && step.matches(code)) this.#current.push(index + 1)
    }
    return false
  }

  /** Adds a step and all that follow from it without reading; true: the pattern is found. */
  #enter(first: number, at: number, open: number[]): boolean {
    const waiting = [first]
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const step = this.#steps[index]
      if (step === undefined || this.#seenAt[index] === at) continue
      this.#seenAt[index] = at
      this.cost += 1
      if (step.type === 'found') return true
      if (step.type === 'set') open.push(index)
      else if (step.type === 'split') waiting.push(...step.to)
      else if (this.#isAtEdge(step.at, at)) waiting.push(index + 1)
    }
    return false
  }

  #isAtEdge(edge: 'start' | 'end' | 'word' | 'inside', at: number): boolean {
    if (edge === 'start') return at === 0
    if (edge === 'end') return at === this.#text.length
    const isBetween =
      isWordCode(this.#text.charCodeAt(at - 1)) !== isWordCode(this.#text.charCodeAt(at))
    return (edge === 'word') === isBetween
  }
}

function build(node: Node, steps: Step[]): void {
  if (steps.length > MAX_STEPS) throw new PatternError(`pattern: larger than ${MAX_STEPS} steps`)
  if (node.type === 'set' || node.type === 'edge') steps.push(node)
  else if (node.type === 'all') for (const part of node.parts) build(part, steps)
  else if (node.type === 'any') buildOptions(node.options, steps)
  else buildRepeat(node, steps)
}

function buildOptions(options: readonly Node[], steps: Step[]): void {
  const start: number[] = []
  steps.push({ type: 'split', to: start })
  const ends: number[][] = []
  for (const option of options) {
    start.push(steps.length)
    build(option, steps)
    const end: number[] = []
    steps.push({ type: 'split', to: end })
    ends.push(end)
  }
  for (const end of ends) end.push(steps.length)
}

function buildRepeat(node: Extract<Node, { type: 'repeat' }>, steps: Step[]): void {
  const { part, least, most } = node
  for (let count = 0; count < least; count += 1) build(part, steps)
  if (most === undefined) {
    const fork: number[] = [steps.length + 1]
    const from = steps.length
    steps.push({ type: 'split', to: fork })
    build(part, steps)
    steps.push({ type: 'split', to: [from] })
    fork.push(steps.length)
    return
  }
  const forks: number[][] = []
  for (let count = least; count < most; count += 1) {
    const fork = [steps.length + 1]
    steps.push({ type: 'split', to: fork })
    build(part, steps)
    forks.push(fork)
  }
  for (const fork of forks) fork.push(steps.length)
}
