import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Files and folders that are looked at: some milliseconds, once. */
const MOST_ENTRIES = 400
const MOST_DEPTH = 4
const MOST_BYTES = 1_048_576
const SOURCE = /\.(?:[cm]?[jt]s|json)$/
const LOCKS = [
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
]

/**
 * Tells versions of an application apart: its entry, the times of the source files beside and below it, the
 * nearest package.json and lock file, and Node itself. What cannot be read does not count.
 *
 * @param entry Path of the script that was started.
 */
export function fingerprintOf(entry: string): string {
  const hash = createHash('sha256').update(process.version).update(contentOf(entry))
  const folder = dirname(entry)
  const left = { entries: MOST_ENTRIES }
  for (const line of sourcesOf(folder, 0, left)) hash.update(line)
  for (let above = folder, level = 0; level < 4; above = dirname(above), level += 1) {
    if (stampOf(join(above, 'package.json')) === '') continue
    for (const name of LOCKS) hash.update(stampOf(join(above, name)))
    break
  }
  return hash.digest('hex').slice(0, 16)
}

function contentOf(file: string): string {
  try {
    return statSync(file).size > MOST_BYTES ? stampOf(file) : readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function sourcesOf(folder: string, depth: number, left: { entries: number }): string[] {
  const found: string[] = []
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    for (const entry of entries.sort((one, other) => one.name.localeCompare(other.name))) {
      if (left.entries <= 0) break
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      left.entries -= 1
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth < MOST_DEPTH) found.push(...sourcesOf(path, depth + 1, left))
      if (entry.isFile() && SOURCE.test(entry.name)) found.push(stampOf(path))
    }
  } catch {
    // Not ours to read.
  }
  return found
}

/** Path, size and time of change; empty where there is nothing. */
function stampOf(file: string): string {
  try {
    const { size, mtimeMs } = statSync(file)
    return `${file} ${size} ${mtimeMs}\n`
  } catch {
    return ''
  }
}
