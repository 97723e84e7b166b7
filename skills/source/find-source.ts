import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Location } from '../contract.ts'
import { ANONYMOUS } from './frame.ts'
import { enclosingFunction, lineOf } from './functions.ts'
import type { SourceFiles } from './source-files.ts'

const MAX_FILES = 400
const MAX_DEPTH = 4

/** Finds a function by its own text (as `toString` gives it); undefined when no file or several have it. */
export function findSource(
  text: string,
  candidates: readonly string[],
  files: SourceFiles,
): Location | undefined {
  if (text.length < 20) return undefined
  const found: Location[] = []
  for (const file of candidates) {
    const source = files.text(file)
    const at = source.indexOf(text)
    if (at === -1) continue
    if (source.includes(text, at + 1)) return undefined
    const line = lineOf(source, at)
    const place = files.original({ file, line, column: 1 })
    const own = /^(?:async\s+)?function\s*\*?\s*([\w$]+)/.exec(text)?.[1]
    const around = enclosingFunction(files.functions(file), at)?.name
    found.push({ ...place, function: own ?? around ?? ANONYMOUS })
  }
  return found.length === 1 ? found[0] : undefined
}

/** JavaScript files below a folder that are no dependencies, for applications whose modules cannot be listed. */
export function scriptsBelow(folder: string, depth = 0): string[] {
  if (depth > MAX_DEPTH) return []
  const scripts: string[] = []
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) scripts.push(...scriptsBelow(path, depth + 1))
      else if (/\.[cm]?js$/.test(entry.name)) scripts.push(path)
      if (scripts.length >= MAX_FILES) break
    }
  } catch {
    return scripts
  }
  return scripts.slice(0, MAX_FILES)
}
