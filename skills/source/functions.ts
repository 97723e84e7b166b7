import { maskSource } from './mask.ts'

/** A function or method with a name, and the lines that it covers. */
export interface NamedFunction {
  readonly name: string
  readonly startLine: number
  readonly endLine: number
  readonly start: number
  readonly end: number
}

const KEYWORDS = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'with',
  'function',
  'return',
  'super',
  'await',
])
const DECLARED = /\bfunction\s*\*?\s*([\w$]+)\s*\(/g
const ASSIGNED =
  /([\w$#]+)\s*[:=]\s*(?:async\s*)?(?:function\s*\*?\s*\(|(?=\([^()]*(?:\([^()]*\)[^()]*)*\)\s*=>|[\w$]+\s*=>))/g
const METHOD = /(?:^|[{};,\n])\s*(?:(?:static|async|get|set)\s+)*\*?\s*(#?[\w$]+)\s*\(/g
const CLASS = /\bclass\s+([\w$]+)[^{]*\{/g

/** Lists the named functions of JavaScript source, methods as `Class.method`; by pattern, not by parsing. */
export function listFunctions(source: string): NamedFunction[] {
  const masked = maskSource(source)
  const classes = [...masked.matchAll(CLASS)].map((match) => {
    const open = match.index + match[0].length - 1
    return { name: match[1] ?? '', start: match.index, end: closeOf(masked, open) }
  })
  const found: NamedFunction[] = []
  const add = (name: string, start: number, end: number): void => {
    if (KEYWORDS.has(name) || name === '' || end <= start) return
    const inClass = classes.findLast((entry) => entry.start < start && entry.end >= end)
    const full =
      inClass === undefined || !isMember(masked, inClass, start) ? name : `${inClass.name}.${name}`
    found.push({
      name: full,
      start,
      end,
      startLine: lineOf(source, start),
      endLine: lineOf(source, end),
    })
  }
  for (const match of masked.matchAll(DECLARED))
    add(match[1] ?? '', match.index, bodyEnd(masked, match.index + match[0].length - 1))
  for (const match of masked.matchAll(ASSIGNED)) {
    const from = match.index + match[0].length
    add(
      match[1] ?? '',
      match.index,
      match[0].endsWith('(') ? bodyEnd(masked, from - 1) : arrowEnd(masked, from),
    )
  }
  for (const match of masked.matchAll(METHOD)) {
    const name = match[1] ?? ''
    const open = match.index + match[0].length - 1
    const isCall = !/^\s*\{/.test(
      masked.slice(closeOf(masked, open) + 1, closeOf(masked, open) + 80),
    )
    if (!isCall) add(name, match.index + match[0].lastIndexOf(name), bodyEnd(masked, open))
  }
  return found
}

/** The innermost named function around a position; undefined at module level. */
export function enclosingFunction(
  functions: readonly NamedFunction[],
  position: number,
): NamedFunction | undefined {
  let best: NamedFunction | undefined
  for (const entry of functions) {
    if (entry.start > position || entry.end < position) continue
    if (best === undefined || entry.end - entry.start < best.end - best.start) best = entry
  }
  return best
}

/** Position of the first character of a line (from 1). */
export function positionOf(source: string, line: number, column = 1): number {
  let at = 0
  for (let current = 1; current < line; current += 1) {
    const next = source.indexOf('\n', at)
    if (next === -1) return source.length
    at = next + 1
  }
  return at + Math.max(0, column - 1)
}

/** The line (from 1) of a position. */
export function lineOf(source: string, position: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at !== -1 && at < position; at = source.indexOf('\n', at + 1))
    line += 1
  return line
}

/** A function right inside a class body, not one nested in a method. */
function isMember(
  masked: string,
  owner: { start: number; end: number },
  position: number,
): boolean {
  let depth = 0
  for (let at = masked.indexOf('{', owner.start); at < position; at += 1) {
    const letter = masked.charAt(at)
    if (letter === '{') depth += 1
    else if (letter === '}') depth -= 1
  }
  return depth === 1
}

/** End of the `{ … }` after the parameter list that opens at `open`. */
function bodyEnd(masked: string, open: number): number {
  const close = closeOf(masked, open)
  const brace = masked.indexOf('{', close)
  return brace === -1 || /[;}]/.test(masked.slice(close + 1, brace))
    ? close
    : closeOf(masked, brace)
}

/** End of an arrow function: its block, or the expression up to where its surroundings go on. */
function arrowEnd(masked: string, from: number): number {
  const arrow = masked.indexOf('=>', from)
  if (arrow === -1) return from
  const body = arrow + 2 + (masked.slice(arrow + 2).match(/^\s*/)?.[0].length ?? 0)
  if (masked.charAt(body) === '{') return closeOf(masked, body)
  let depth = 0
  for (let at = body; at < masked.length; at += 1) {
    const letter = masked.charAt(at)
    if ('([{'.includes(letter)) depth += 1
    else if (')]}'.includes(letter)) depth -= 1
    if (depth < 0 || (depth === 0 && (letter === ';' || letter === ','))) return at
    if (depth === 0 && letter === '\n' && !/^\s*[.?:&|+\-*/=]/.test(masked.slice(at + 1, at + 80)))
      return at
  }
  return masked.length
}

/** Where the bracket that opens at `open` closes. */
function closeOf(masked: string, open: number): number {
  let depth = 0
  for (let at = open; at < masked.length; at += 1) {
    const letter = masked.charAt(at)
    if ('([{'.includes(letter)) depth += 1
    else if (')]}'.includes(letter)) {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return masked.length
}
