/**
 * The insights file: one JSON object a line, written at once and synchronously, because the process
 * may be about to die. A file that cannot be written is told once per kind of error, never thrown.
 */
import { appendLine } from './line-file.ts'

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
        appendLine(path, JSON.stringify(insight))
        return undefined
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    },
  }
}
