/** How much a journal file holds. Runs that are under way are never forgotten. */
export interface FileBounds {
  /** Bytes of the file that hold something. */
  readonly maxBytes: number
  /** Milliseconds since a run ended. */
  readonly maxAgeMs: number
}

const dayMs = 86_400_000

/** The default bounds. */
export const defaultFileBounds: FileBounds = { maxBytes: 64 * 1_048_576, maxAgeMs: 30 * dayMs }
