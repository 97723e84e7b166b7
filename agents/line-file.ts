import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Appends a line at once, in folders that it makes. The file is opened for each line, so one that
 * somebody rotates is followed.
 *
 * @throws {Error} The system's own.
 */
export function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, `${line}\n`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    mkdirSync(dirname(path), { recursive: true })
    appendFileSync(path, `${line}\n`)
  }
}
