import type { NamedFunction } from '../source/functions.ts'
import { maskSource } from '../source/mask.ts'

/** What the source of a function says of how to watch it. */
export interface Signature {
  /** Names of its parameters that are plain names. */
  readonly parameters: readonly string[]
  readonly isAsync: boolean
  readonly isGenerator: boolean
  /** Position in the file of the first character inside of its body. */
  readonly bodyStart: number
  readonly end: number
}

/** Reads the head of a function by pattern, not by parsing; undefined where that fails. Pure. */
export function signatureOf(source: string, entry: NamedFunction): Signature | undefined {
  const masked = maskSource(source.slice(entry.start, entry.end + 1))
  const before = source.slice(Math.max(0, entry.start - 40), entry.start)
  const head = /^(?:async\s+)?[\w$#]+\s*[:=]\s*(?:async\s+)?([\w$]+)\s*=>/.exec(masked)
  if (head !== null) return arrowOf(masked, [head[1] ?? ''], entry, before)
  const open = masked.indexOf('(')
  const close = closeOf(masked, open)
  if (open === -1 || close === -1) return undefined
  const parameters = namesOf(masked.slice(open + 1, close))
  const rest = masked.slice(close + 1)
  if (/^\s*=>/.test(rest)) return arrowOf(masked, parameters, entry, before)
  const brace = /^\s*\{/.exec(rest)
  if (brace === null) return undefined
  return {
    parameters,
    ...kindOf(before, masked.slice(0, open)),
    bodyStart: entry.start + close + 1 + brace[0].length,
    end: entry.end,
  }
}

function arrowOf(
  masked: string,
  parameters: readonly string[],
  entry: NamedFunction,
  before: string,
): Signature | undefined {
  const arrow = masked.indexOf('=>')
  const gap = /^\s*\{?/.exec(masked.slice(arrow + 2))?.[0].length ?? 0
  return {
    parameters,
    ...kindOf(before, masked.slice(0, arrow)),
    bodyStart: entry.start + arrow + 2 + gap,
    end: entry.end,
  }
}

function kindOf(before: string, head: string): { isAsync: boolean; isGenerator: boolean } {
  const isAsync = /\basync\s*\*?\s*$/.test(before) || /\basync\b/.test(head)
  return { isAsync, isGenerator: /\*\s*$/.test(before) || /\*/.test(head) }
}

/** `a, b = 1, { c }, ...rest` gives a, b and rest. */
function namesOf(list: string): string[] {
  const names: string[] = []
  let depth = 0
  let part = ''
  for (const letter of `${list},`) {
    if ('([{'.includes(letter)) depth += 1
    else if (')]}'.includes(letter)) depth -= 1
    if (letter !== ',' || depth > 0) {
      part += letter
      continue
    }
    const name = /^\s*(?:\.\.\.)?\s*([\w$]+)\s*(?:=|$)/.exec(part)?.[1]
    if (name !== undefined) names.push(name)
    part = ''
  }
  return names.slice(0, 8)
}

function closeOf(masked: string, open: number): number {
  let depth = 0
  for (let at = open; at < masked.length && at !== -1; at += 1) {
    const letter = masked.charAt(at)
    if ('([{'.includes(letter)) depth += 1
    else if (')]}'.includes(letter)) {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return -1
}
