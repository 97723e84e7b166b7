/** A regular expression as a tree, letters without regard to case: the part of the language that can be matched in linear time. */
export type Node =
  | { readonly type: 'set'; readonly matches: (code: number) => boolean }
  | { readonly type: 'edge'; readonly at: 'start' | 'end' | 'word' | 'inside' }
  | { readonly type: 'all'; readonly parts: readonly Node[] }
  | { readonly type: 'any'; readonly options: readonly Node[] }
  | {
      readonly type: 'repeat'
      readonly part: Node
      readonly least: number
      /** undefined: without end. */
      readonly most: number | undefined
    }

/** Thrown for what is no pattern, or none that this language has. */
export class PatternError extends Error {}

const MAX_REPEAT = 100
const MAX_DEPTH = 50

/** Parses a pattern. @throws {PatternError} Naming the position and what is wrong there. */
export function parsePattern(pattern: string): Node {
  const reader = new Reader(pattern)
  const node = reader.options(0)
  if (!reader.isAtEnd) reader.fail("')' without '('")
  return node
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  fail(why: string): never {
    throw new PatternError(`pattern: ${why} at position ${this.#at}`)
  }

  options(depth: number): Node {
    if (depth > MAX_DEPTH) this.fail('groups are nested too deeply')
    const options = [this.#sequence(depth)]
    while (this.#take('|')) options.push(this.#sequence(depth))
    const [only] = options
    return options.length === 1 && only !== undefined ? only : { type: 'any', options }
  }

  #sequence(depth: number): Node {
    const parts: Node[] = []
    while (!this.isAtEnd && !'|)'.includes(this.#peek())) {
      parts.push(this.#repeated(this.#atom(depth)))
    }
    return { type: 'all', parts }
  }

  #repeated(part: Node): Node {
    let node = part
    for (;;) {
      const bounds = this.#bounds()
      if (bounds === undefined) return node
      if (part.type === 'edge') this.fail('nothing to repeat')
      this.#take('?')
      node = { type: 'repeat', part: node, ...bounds }
    }
  }

  #bounds(): { least: number; most: number | undefined } | undefined {
    if (this.#take('*')) return { least: 0, most: undefined }
    if (this.#take('+')) return { least: 1, most: undefined }
    if (this.#take('?')) return { least: 0, most: 1 }
    const match = /^\{(\d{1,4})(,)?(\d{1,4})?\}/.exec(this.#text.slice(this.#at, this.#at + 12))
    if (match === null) return undefined
    this.#at += match[0].length
    const least = Number(match[1])
    const most = match[3] !== undefined ? Number(match[3]) : match[2] === ',' ? undefined : least
    if (least > MAX_REPEAT || (most ?? 0) > MAX_REPEAT)
      this.fail(`repeats more than ${MAX_REPEAT} times`)
    if (most !== undefined && most < least) this.fail('the bounds are out of order')
    return { least, most }
  }

  #atom(depth: number): Node {
    if (this.#take('(')) {
      if (this.#take('?') && !this.#take(':')) this.fail('(?…) is not supported, but for (?:…)')
      const inner = this.options(depth + 1)
      if (!this.#take(')')) this.fail("'(' without ')'")
      return inner
    }
    if (this.#take('[')) return { type: 'set', matches: this.#class() }
    if (this.#take('.')) return { type: 'set', matches: (code) => code !== 10 }
    if (this.#take('^')) return { type: 'edge', at: 'start' }
    if (this.#take('$')) return { type: 'edge', at: 'end' }
    if (this.#take('\\')) return this.#escaped()
    if ('*+?'.includes(this.#peek())) this.fail('nothing to repeat')
    const code = this.#code()
    return { type: 'set', matches: folded((other) => other === code) }
  }

  #escaped(): Node {
    if (this.isAtEnd) this.fail("'\\' at the end")
    const letter = this.#peek()
    if (letter === 'b' || letter === 'B') {
      this.#at += 1
      return { type: 'edge', at: letter === 'b' ? 'word' : 'inside' }
    }
    if (/[1-9k]/.test(letter)) this.fail('back-references are not supported')
    return { type: 'set', matches: this.#escapedSet() }
  }

  #escapedSet(): (code: number) => boolean {
    const letter = this.#peek()
    const named = NAMED[letter.toLowerCase()]
    const code = this.#code()
    if (named !== undefined)
      return letter === letter.toLowerCase() ? named : (other) => !named(other)
    const meant = CONTROL[letter] ?? code
    return folded((other) => other === meant)
  }

  #class(): (code: number) => boolean {
    const isNegated = this.#take('^')
    const parts: ((code: number) => boolean)[] = []
    while (!this.#take(']')) {
      if (this.isAtEnd) this.fail("'[' without ']'")
      parts.push(this.#classPart())
    }
    return (code) => parts.some((matches) => matches(code)) !== isNegated
  }

  #classPart(): (code: number) => boolean {
    if (this.#take('\\')) {
      if (this.isAtEnd) this.fail("'\\' at the end")
      return this.#escapedSet()
    }
    const from = this.#code()
    const isRange = this.#peek() === '-' && !']'.includes(this.#text.charAt(this.#at + 1))
    if (!isRange) return folded((code) => code === from)
    this.#at += 1
    this.#take('\\')
    const to = this.#code()
    if (to < from) this.fail('the range is out of order')
    return folded((code) => code >= from && code <= to)
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #code(): number {
    const code = this.#text.charCodeAt(this.#at)
    this.#at += 1
    return code
  }

  #take(letter: string): boolean {
    if (this.#peek() !== letter || this.isAtEnd) return false
    this.#at += 1
    return true
  }
}

const CONTROL: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 }

const NAMED: Record<string, (code: number) => boolean> = {
  d: (code) => code >= 48 && code <= 57,
  w: isWordCode,
  s: (code) => (code >= 9 && code <= 13) || code === 32 || code === 160 || code === 0xfeff,
}

/** The same for an ASCII letter in its other case. */
function folded(matches: (code: number) => boolean): (code: number) => boolean {
  return (code) => {
    if (matches(code)) return true
    if (code >= 65 && code <= 90) return matches(code + 32)
    return code >= 97 && code <= 122 && matches(code - 32)
  }
}

export function isWordCode(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    code === 95
  )
}
