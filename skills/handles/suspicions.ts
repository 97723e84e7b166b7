import { type JsonRecord, textOf } from '../json.ts'
import { fileRows } from './file-rows.ts'
import type { HandleParts } from './parts.ts'
import { siteRows } from './site-rows.ts'
import { timerRows } from './timer-rows.ts'

/** What can be looked at closely. */
export type Look = 'site' | 'timers' | 'files'

/** How long a look serves those who ask. */
const FRESH_MS = 8000
/** From one look to the next: doubled each time, because what is not confirmed is likely no leak. */
const AGAIN_MS = 2500
const AGAIN_MOST_MS = 120_000
const WATCH_MS = 1500

const LOOKS: Record<Look, (parts: HandleParts) => Promise<JsonRecord[]>> = {
  site: siteRows,
  timers: (parts) => timerRows(parts, WATCH_MS),
  files: (parts) => fileRows(parts, WATCH_MS),
}

/**
 * Looks closely at what grows before anybody is told, so that nothing is raised that the look does
 * not confirm; what was seen serves the investigation that follows.
 */
export class Suspicions {
  readonly #parts: HandleParts
  readonly #seen = new Map<Look, { rows: JsonRecord[]; at: number }>()
  readonly #waits = new Map<Look, number>()
  readonly #running = new Map<Look, Promise<JsonRecord[]>>()

  constructor(parts: HandleParts) {
    this.#parts = parts
  }

  /** Rows of a look that is fresh, or of a new one. */
  rows(look: Look): Promise<JsonRecord[]> {
    const seen = this.#seen.get(look)
    if (seen !== undefined && performance.now() - seen.at < FRESH_MS) {
      return Promise.resolve(seen.rows)
    }
    return this.#look(look)
  }

  /** Takes a look when the last one is long enough ago, and raises what it confirms. */
  async confirm(look: Look): Promise<void> {
    const seen = this.#seen.get(look)
    const waitMs = this.#waits.get(look) ?? AGAIN_MS
    const isRecent = seen !== undefined && performance.now() - seen.at < waitMs
    if (isRecent || this.#running.has(look)) return
    this.#waits.set(look, Math.min(waitMs * 2, AGAIN_MOST_MS))
    try {
      for (const row of await this.#look(look)) if (row['reportable'] === true) this.#raise(row)
    } catch {
      // Main is stuck or gone: the next reading asks again.
    }
  }

  /** Nothing grows any more: the next suspicion is looked at without delay. */
  calm(looks: ReadonlySet<Look>): void {
    for (const look of this.#waits.keys()) if (!looks.has(look)) this.#waits.delete(look)
  }

  async #look(look: Look): Promise<JsonRecord[]> {
    const running = this.#running.get(look) ?? LOOKS[look](this.#parts)
    this.#running.set(look, running)
    try {
      const rows = await running
      this.#seen.set(look, { rows, at: performance.now() })
      return rows
    } finally {
      this.#running.delete(look)
    }
  }

  #raise(row: JsonRecord): void {
    this.#parts.context.raise({
      skill: 'handles',
      key: `leak ${textOf(row['where'])}`.replace(/:\d+\)$/, ')'),
      severity: 'warning',
      reason: textOf(row['observation']),
    })
  }
}
