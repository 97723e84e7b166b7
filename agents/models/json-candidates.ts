/**
 * Finds the pieces of a model's answer that may be the JSON object it was asked for: the whole
 * text, fenced blocks, every balanced `{…}`, and last an object that was never closed. All scans
 * are linear and know of strings.
 */

/** One piece with the way it was found (`raw` is the whole answer). */
export interface Candidate {
  readonly found: 'raw' | 'fence' | 'extracted'
  readonly text: string
}

/** Candidates in the order of trust, without duplicates. */
export function candidatesIn(answer: string): Candidate[] {
  const all: Candidate[] = [
    { found: 'raw', text: answer.trim() },
    ...fencedBlocks(answer).map((text): Candidate => ({ found: 'fence', text })),
    ...balancedObjects(answer).map((text): Candidate => ({ found: 'extracted', text })),
  ]
  const seen = new Set<string>()
  return all.filter(({ text }) => {
    if (!/[{[]/.test(text) || seen.has(text)) return false
    seen.add(text)
    return true
  })
}

function fencedBlocks(answer: string): string[] {
  const parts = answer.split('```')
  return parts
    .filter((_, index) => index % 2 === 1)
    .map((block) => block.replace(/^[a-zA-Z0-9]{0,20}[ \t]*\r?\n?/, '').trim())
    .filter((block) => block.startsWith('{') || block.startsWith('['))
}

function balancedObjects(answer: string): string[] {
  const closed: string[] = []
  let start = 0
  const end = scan(answer, (character, index, depth) => {
    if (character === '{' && depth === 1) start = index
    if (character === '}' && depth === 0) closed.push(answer.slice(start, index + 1))
  })
  return end.depth > 0 ? [...closed, answer.slice(start)] : closed
}

/** Tells whether text ends inside of a string, an object or a list: whoever repairs it must close it. */
export function isUnclosed(json: string): boolean {
  const end = scan(json, () => {}, true)
  return end.inString || end.depth > 0
}

/** The deepest nesting of objects and lists. */
export function nestingOf(json: string): number {
  let deepest = 0
  scan(json, (_, __, depth) => (deepest = Math.max(deepest, depth)), true)
  return deepest
}

/** Walks text outside of strings; `visit` is called at every bracket with the depth after it. */
function scan(
  text: string,
  visit: (character: string, index: number, depth: number) => void,
  lists = false,
): { readonly depth: number; readonly inString: boolean } {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (inString) {
      if (character === '\\') index++
      else if (character === '"') inString = false
    } else if (character === '"') inString = depth > 0
    else if (character === '{' || (lists && character === '[')) visit(character, index, ++depth)
    else if ((character === '}' || (lists && character === ']')) && depth > 0)
      visit(character, index, --depth)
  }
  return { depth, inString }
}
