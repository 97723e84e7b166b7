import { relative } from 'node:path'
import { SkillFailure } from '../failure.ts'
import { originOf } from '../source/frame.ts'
import type { NamedFunction } from '../source/functions.ts'
import type { SourceFiles } from '../source/source-files.ts'

/** A script that the thread has loaded. */
export interface LoadedScript {
  readonly scriptId: string
  readonly file: string
}

/** The one function that was asked for. */
export interface Target extends LoadedScript {
  readonly entry: NamedFunction
  /** As its author knows it. */
  readonly place: { readonly file: string; readonly line: number }
}

/** What was asked for. */
export interface Wanted {
  readonly function: string
  /** The end of a path; the application's own files when absent. */
  readonly file?: string | undefined
}

const MOST_FILES = 500
const SHOWN = 8

/**
 * Finds a function by its name among the loaded scripts, and by the end of its file's path, as built
 * or as its author knows it.
 *
 * @throws {SkillFailure} bad_input: none, with those that are alike; or several, with their places.
 */
export function findFunction(
  wanted: Wanted,
  scripts: readonly LoadedScript[],
  files: SourceFiles,
  context: { readonly ownFolders: readonly string[]; readonly root: string },
): Target {
  const name = wanted.function
  const alike = new Set<string>()
  const found: Target[] = []
  for (const script of candidates(scripts, wanted, context.ownFolders)) {
    for (const entry of files.functions(script.file)) {
      const place = files.original(positionIn(files, script.file, entry))
      if (wanted.file !== undefined && !isIn(wanted.file, script.file, place.file)) continue
      if (isNamed(entry.name, name)) found.push({ ...script, entry, place })
      else if (isAlike(entry.name, name)) alike.add(entry.name)
    }
  }
  const unique = withoutDoubles(found)
  const [first, ...others] = unique
  if (first !== undefined && others.length === 0) return first
  const show = ({ entry, place }: Target): string =>
    `${entry.name} (${relative(context.root, place.file)}:${place.line})`
  if (first !== undefined) {
    const places = unique.slice(0, SHOWN).map(show).join(', ')
    throw new SkillFailure(
      'bad_input',
      `several functions are called '${name}': ${places}; give the whole name and the file`,
    )
  }
  const near = [...alike].slice(0, SHOWN).join(', ')
  throw new SkillFailure(
    'bad_input',
    `no loaded function of the application is called '${name}'${wanted.file === undefined ? '' : ` in a file that ends with '${wanted.file}'`}${near === '' ? '' : `; there are ${near}`}`,
  )
}

function candidates(
  scripts: readonly LoadedScript[],
  { file }: Wanted,
  ownFolders: readonly string[],
): LoadedScript[] {
  return scripts
    .filter((script) => {
      const origin = originOf(script.file, ownFolders)
      // Packages only when their file is asked for; Node and nodelens never.
      return (
        origin === 'app' ||
        (origin === 'package' && file !== undefined && script.file.endsWith(file))
      )
    })
    .slice(0, MOST_FILES)
}

function positionIn(
  files: SourceFiles,
  file: string,
  { startLine }: NamedFunction,
): { file: string; line: number; column: number } {
  const text = files.line(file, startLine)
  return { file, line: startLine, column: Math.max(0, text.search(/\S/)) + 1 }
}

function isIn(wanted: string, file: string, original: string): boolean {
  return file.endsWith(wanted) || original.endsWith(wanted)
}

/** `total` is also `Cart.total`. */
function isNamed(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`.${wanted}`)
}

function isAlike(name: string, wanted: string): boolean {
  const [left, right] = [name.toLowerCase(), wanted.toLowerCase()]
  return left.includes(right) || right.includes(left)
}

/** The same function may be listed twice, by two patterns: the outer range is its own. */
function withoutDoubles(found: readonly Target[]): Target[] {
  return found.filter(
    (one, index) =>
      found.findIndex(
        (other) => other.scriptId === one.scriptId && other.entry.startLine === one.entry.startLine,
      ) === index,
  )
}
