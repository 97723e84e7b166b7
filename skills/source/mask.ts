const REGEX_MAY_FOLLOW =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|new|do|else))\s*$/

/**
 * Blanks comments, strings, templates and regular expressions out of JavaScript source, keeping
 * every position, so that braces and names can be searched with plain patterns.
 *
 * A light scanner, not a parser: `${…}` inside templates is blanked too, and a division that looks like a regular expression may
 * fool it on one line.
 */
export function maskSource(source: string): string {
  const out: string[] = []
  let at = 0
  while (at < source.length) {
    const end = literalEnd(source, at, out)
    if (end === at) {
      out.push(source.charAt(at))
      at += 1
      continue
    }
    for (let index = at; index < end; index += 1)
      out.push(source.charAt(index) === '\n' ? '\n' : ' ')
    at = end
  }
  return out.join('')
}

/** Where the literal or comment that begins here ends; `at` itself when none begins. */
function literalEnd(source: string, at: number, before: readonly string[]): number {
  const letter = source.charAt(at)
  if (letter === '"' || letter === "'") return stringEnd(source, at, letter)
  if (letter === '`') return templateEnd(source, at)
  if (letter !== '/') return at
  const next = source.charAt(at + 1)
  if (next === '/') return indexOr(source, '\n', at)
  if (next === '*') return indexOr(source, '*/', at + 2, 2)
  return REGEX_MAY_FOLLOW.test(before.slice(-24).join('')) ? regexEnd(source, at) : at
}

function indexOr(source: string, text: string, from: number, extra = 0): number {
  const found = source.indexOf(text, from)
  return found === -1 ? source.length : found + extra
}

function stringEnd(source: string, from: number, quote: string): number {
  for (let at = from + 1; at < source.length; at += 1) {
    const letter = source.charAt(at)
    if (letter === '\\') at += 1
    else if (letter === quote || letter === '\n') return at + 1
  }
  return source.length
}

function templateEnd(source: string, from: number): number {
  let depth = 0
  for (let at = from + 1; at < source.length; at += 1) {
    const letter = source.charAt(at)
    if (letter === '\\') at += 1
    else if (letter === '$' && source.charAt(at + 1) === '{') depth += 1
    else if (letter === '}' && depth > 0) depth -= 1
    else if (letter === '`' && depth === 0) return at + 1
  }
  return source.length
}

function regexEnd(source: string, from: number): number {
  let inClass = false
  for (let at = from + 1; at < source.length; at += 1) {
    const letter = source.charAt(at)
    if (letter === '\n') return from
    if (letter === '\\') at += 1
    else if (letter === '[') inClass = true
    else if (letter === ']') inClass = false
    else if (letter === '/' && !inClass) return at + 1
  }
  return from
}
