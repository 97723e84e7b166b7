/**
 * The insights file: one JSON object a line, written at once and synchronously, because the process
 * may be about to die. A file that cannot be written is told once per kind of error, never thrown.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where insights are appended. */
export interface InsightsFile {
  readonly path: string
  /** Appends one line; returns what went wrong, or `undefined`. Never throws. */
  append(insight: unknown): NodeJS.ErrnoException | undefined
}

/** Opens nothing: each append opens, writes and closes, so that a rotated file is followed. */
export function insightsFile(path: string): InsightsFile {
  return {
    path,
    append(insight) {
      try {
        appendLine(path, `${JSON.stringify(insight)}\n`)
        return undefined
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    },
  }
}

function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, line)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    mkdirSync(dirname(path), { recursive: true })
    appendFileSync(path, line)
  }
}
