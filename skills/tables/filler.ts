import { enclosingFunction, lineOf, type NamedFunction } from '../source/functions.ts'
import { maskSource } from '../source/mask.ts'

/** Where source text adds to a collection. */
interface Filler {
  readonly function: string
  readonly line: number
}

/** What the source does with a collection. */
export interface SourceUse {
  readonly filler?: Filler
  /** It takes entries out somewhere. */
  readonly evicts: boolean
}

/**
 * Finds in a file the code that adds to the variable or field `name`, and whether any code removes.
 *
 * For a collection inside another (`isInside`: an array that is a value of the Map `name`) it
 * follows the local variable that is taken out of it.
 */
export function findUse(
  source: string,
  functions: readonly NamedFunction[],
  name: string,
  isInside: boolean,
): SourceUse {
  const masked = maskSource(source)
  const names = isInside ? [...aliasesOf(masked, name), name] : [name]
  for (const candidate of names) {
    const word = `(?<![\\w$])#?${escape(candidate.replace(/^#/, ''))}(?![\\w$])`
    const position = firstAddition(masked, word)
    if (position === undefined) continue
    const owner = enclosingFunction(functions, position)
    const evicts = new RegExp(
      `${word}\\s*(?:\\?\\.|\\.)\\s*(?:delete|clear|shift|pop|splice)\\s*\\(`,
    ).test(masked)
    const shortens = new RegExp(
      `${word}\\s*\\.length\\s*=[^=]|\\bdelete\\s+(?:[\\w$.]+\\.)?${word}\\s*\\[`,
    ).test(masked)
    const line = lineOf(source, position)
    return {
      filler: { function: owner?.name ?? '(module level)', line },
      evicts: evicts || shortens,
    }
  }
  return { evicts: false }
}

function firstAddition(masked: string, word: string): number | undefined {
  const patterns = [
    `${word}\\s*(?:\\?\\.|\\.)\\s*(?:set|add|push|unshift|enqueue|append|put|store)\\s*\\(`,
    `${word}\\s*\\[[^\\]\\n]*\\]\\s*(?:\\?\\?|\\|\\|)?=(?![=>])`,
    `${word}\\s*=\\s*(?:\\[\\s*\\.\\.\\.|${word}\\s*\\.\\s*concat\\s*\\()`,
  ]
  for (const pattern of patterns) {
    const match = new RegExp(pattern).exec(masked)
    if (match !== null) return match.index
  }
  return undefined
}

/** Local variables that are taken out of, or put into, a container. */
function aliasesOf(masked: string, name: string): string[] {
  const word = `#?${escape(name.replace(/^#/, ''))}(?![\\w$])`
  const taken = new RegExp(
    `([\\w$]+)\\s*=\\s*(?:[\\w$.]+\\.)?${word}\\s*(?:\\?\\.|\\.)?\\s*(?:get\\s*\\(|\\[)`,
    'g',
  )
  const put = new RegExp(
    `${word}\\s*\\.\\s*set\\s*\\([^;\\n]*?\\(?\\s*([\\w$]+)\\s*=\\s*(?:\\[|new)`,
    'g',
  )
  return [...masked.matchAll(taken), ...masked.matchAll(put)]
    .map((match) => match[1] ?? '')
    .filter((alias) => alias !== '')
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
