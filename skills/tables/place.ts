/** The code of the application that fills a table, by reading its source. */
import type { Location } from '../contract.ts'
import { enclosingFunction, lineOf } from '../source/functions.ts'
import { maskSource } from '../source/mask.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { findUse } from './filler.ts'
import type { Table } from './table-watch.ts'

export interface PlaceParts {
  readonly files: SourceFiles
  /** The application's own files, where the class of a holder may be found. */
  readonly appFiles: () => readonly string[]
}

/** Where entries are added. */
export interface Located {
  readonly location: Location
  /** Entries are taken out somewhere. */
  readonly evicts: boolean
  /** File of the variable, with source maps applied, when it is the one that fills it. */
  readonly variableFile?: string
  readonly sourceLine: string
}

const MOST_FILES = 50
const IN_PACKAGE = /[\\/]node_modules[\\/]/

/**
 * By the innermost name of its path first, in the holder's class, then in its own file; for what lies in a
 * package, where the application adds a listener, uses the object, or sets the package up.
 */
export function locate(table: Table, parts: PlaceParts): Located | undefined {
  return byName(table, parts) ?? byListener(table, parts) ?? byPackage(table, parts)
}

function byName({ measured }: Table, parts: PlaceParts): Located | undefined {
  const { names, isInside } = namesOf(measured.path)
  for (const [index, name] of names.entries()) {
    for (const file of filesFor(measured.file, measured.owner, index, parts)) {
      const functions = parts.files.functions(file)
      const inside = isInside && index === 0
      const use = findUse(parts.files.text(file), functions, name, inside)
      if (use.filler === undefined) continue
      const found = at(file, use.filler.line, use.filler.function, parts)
      const variable = file === measured.file ? { variableFile: found.location.file } : {}
      return { ...found, ...variable, evicts: use.evicts }
    }
  }
  return undefined
}

/** Name of the event whose listeners these are. */
export function listenersOf(path: string): string | undefined {
  return /\._events(?:\.([\w$:.-]+)|\["([^"]+)"\])$/.exec(path)?.slice(1).find(Boolean)
}

function byListener({ measured }: Table, parts: PlaceParts): Located | undefined {
  const event = listenersOf(measured.path)
  if (event === undefined) return undefined
  const call = new RegExp(
    `\\.\\s*(?:on|once|addListener|prependListener|prependOnceListener)\\s*\\(\\s*['"\`]${escape(event)}['"\`]`,
  )
  // the file of the emitter first, but a listener that is added once as the module loads is none of many
  return firstMatch(appFilesFrom(measured.file, parts), call, parts, { inFunction: true })
}

/** Uses of an object of the package, or of what the package exports. */
function byPackage({ measured }: Table, parts: PlaceParts): Located | undefined {
  const files = appFilesFrom(measured.file, parts)
  const { owner } = measured
  if (owner !== '' && !['Object', 'Map', 'Set', 'Array', 'Function'].includes(owner)) {
    const made = new RegExp(`([\\w$]+)\\s*=\\s*new\\s+(?:[\\w$.]+\\.)?${escape(owner)}\\s*\\(`)
    for (const file of files) {
      const name = made.exec(parts.files.text(file))?.[1]
      if (name === undefined) continue
      const use = new RegExp(`(?<![\\w$.])${escape(name)}\\s*\\.\\s*[\\w$]+\\s*\\(`)
      const found =
        firstMatch([file], use, parts, { inFunction: true }) ??
        firstMatch([file], made, parts, { inFunction: false })
      if (found !== undefined) return found
    }
  }
  const name = IN_PACKAGE.test(measured.file) ? parts.files.packageOf(measured.file) : undefined
  if (name === undefined) return undefined
  for (const file of files) {
    const local = importedAs(parts.files.text(file), name.name)
    if (local === undefined) continue
    const call = new RegExp(`(?<![\\w$.])${escape(local)}(?:\\s*\\.\\s*[\\w$]+)*\\s*\\(`)
    const found = firstMatch([file], call, parts, { inFunction: false })
    if (found === undefined) continue
    const location = { ...found.location, package: `${name.name}@${name.version}` }
    return { ...found, location }
  }
  return undefined
}

/** The variable that holds a package's export, or the first of several. */
export function importedAs(source: string, name: string): string | undefined {
  const quoted = `['"\`]${escape(name)}(?:/[^'"\`]*)?['"\`]`
  const required = new RegExp(
    `(?:const|let|var)\\s+(?:\\{\\s*([\\w$]+)(?:\\s*:\\s*([\\w$]+))?[^}]*\\}|([\\w$]+))\\s*=\\s*require\\s*\\(\\s*${quoted}`,
  )
  const imported = new RegExp(
    `import\\s+(?:\\*\\s+as\\s+([\\w$]+)|\\{\\s*([\\w$]+)(?:\\s+as\\s+([\\w$]+))?[^}]*\\}|([\\w$]+))[^;'"\`]*from\\s*${quoted}`,
  )
  const [, first, renamed, whole] = required.exec(source) ?? []
  const [, all, one, alias, fallback] = imported.exec(source) ?? []
  return renamed ?? first ?? whole ?? all ?? alias ?? one ?? fallback
}

function firstMatch(
  files: readonly string[],
  pattern: RegExp,
  parts: PlaceParts,
  { inFunction }: { readonly inFunction: boolean },
): Located | undefined {
  for (const file of files) {
    const source = parts.files.text(file)
    const comments = maskSource(source)
    for (const match of source.matchAll(new RegExp(pattern, 'g'))) {
      // text inside strings and comments is blank in the mask
      if (comments.charAt(match.index).trim() === '' && source.charAt(match.index).trim() !== '')
        continue
      if (/\b(?:require|import)\b/.test(lineAround(source, match.index))) continue
      const owner = enclosingFunction(parts.files.functions(file), match.index)
      if (owner === undefined && inFunction) continue
      const line = lineOf(source, match.index)
      return { ...at(file, line, owner?.name ?? '(module level)', parts), evicts: false }
    }
  }
  return undefined
}

function lineAround(source: string, position: number): string {
  const begin = source.lastIndexOf('\n', position) + 1
  const end = source.indexOf('\n', position)
  return source.slice(begin, end === -1 ? undefined : end)
}

function at(
  file: string,
  line: number,
  name: string,
  { files }: PlaceParts,
): Pick<Located, 'location' | 'sourceLine'> {
  return {
    location: { ...files.original({ file, line, column: 1 }), function: name },
    sourceLine: files.line(file, line).trim().slice(0, 200),
  }
}

/** `journal.cams.get("a")` gives cams, journal, and that it is inside of cams. */
export function namesOf(path: string): { names: string[]; isInside: boolean } {
  const key = '\\.get\\((?:"(?:\\\\.|[^"\\\\])*"|[^)]*)\\)'
  const isInside = new RegExp(`(?:${key}|\\[…\\])$`).test(path)
  const plain = path.replaceAll(new RegExp(key, 'g'), '').replaceAll(/\[[^\]]*\]/g, '')
  const names = plain.split('.').filter((name) => name !== '' && name !== 'exports')
  return { names: names.toReversed(), isInside }
}

function appFilesFrom(file: string, parts: PlaceParts): string[] {
  const others = parts.appFiles().filter((other) => other !== file)
  return [...(isOwn(file) ? [file] : []), ...others].slice(0, MOST_FILES)
}

function isOwn(file: string): boolean {
  return file !== '' && !IN_PACKAGE.test(file)
}

function filesFor(file: string, owner: string, index: number, parts: PlaceParts): string[] {
  const own = isOwn(file) ? [file] : []
  if (index > 0) return own
  const known = ['', 'Object', 'Map', 'Set', 'Array']
  if (known.includes(owner))
    return own.length > 0 ? own : [...parts.appFiles()].slice(0, MOST_FILES)
  const name = owner.replaceAll(/[^\w$]/g, '')
  const pattern = new RegExp(`\\bclass\\s+${name}\\b|\\bfunction\\s+${name}\\b`)
  const classes = parts.appFiles().filter((candidate) => pattern.test(parts.files.text(candidate)))
  return [...classes.slice(0, 5), ...own]
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
