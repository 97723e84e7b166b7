import type { MainAccess } from '../gateway/main-access.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'
import { placeOf, placeText } from '../source/stack-place.ts'
import type { RowParts } from './rows.ts'

/** A count at one moment. */
export interface ListenerMark {
  readonly at: number
  readonly count: number
}

const KEEP_MARKS = 60
/** A leak has grown to this many, in this many readings in a row. */
const LEAST_COUNT = 25
const CONSECUTIVE = 3
const MINUTE_MS = 60_000

/** Whether the listeners of one event keep being added and never leave. Pure. */
export function keepsGrowing(marks: readonly ListenerMark[]): boolean {
  const newest = marks.slice(-CONSECUTIVE - 1)
  const last = newest.at(-1)
  if (newest.length <= CONSECUTIVE || last === undefined || last.count < LEAST_COUNT) return false
  return newest.slice(1).every((mark, index) => mark.count > (newest[index]?.count ?? 0))
}

/**
 * Many listeners on an emitter whose limit was raised are meant, as a rule: one or two for each client that is
 * connected. More than these, and growing, are left behind.
 */
const PER_CONNECTION = 2

/** The gateway's record of emitters that Node warned of, or was kept from warning of. */
export class ListenerBook {
  readonly #marks = new Map<number, ListenerMark[]>()
  readonly #quiet = new Set<number>()
  #connections: number | undefined

  /** @param connections Open connections of the process; undefined: not known. */
  hear(reading: Json, now: number, connections?: number): void {
    this.#connections = connections
    const counts: unknown = isRecord(reading) ? reading['listeners'] : undefined
    if (!Array.isArray(counts)) return
    const alive = new Set<number>()
    for (const entry of counts) {
      if (!Array.isArray(entry)) continue
      const [id, count, isQuiet]: unknown[] = entry
      if (typeof id !== 'number' || typeof count !== 'number') continue
      if (isQuiet === 1) this.#quiet.add(id)
      alive.add(id)
      const marks = [...(this.#marks.get(id) ?? []), { at: now, count }]
      this.#marks.set(id, marks.slice(-KEEP_MARKS))
    }
    for (const id of this.#marks.keys()) {
      if (alive.has(id)) continue
      this.#marks.delete(id)
      this.#quiet.delete(id)
    }
  }

  /** Ids whose listeners leak. */
  growing(): number[] {
    return [...this.#marks.keys()].filter((id) => this.#isLeak(id))
  }

  #isLeak(id: number): boolean {
    const marks = this.#marks.get(id) ?? []
    if (!keepsGrowing(marks)) return false
    if (!this.#quiet.has(id)) return true
    const meant = (this.#connections ?? Number.POSITIVE_INFINITY) * PER_CONNECTION
    return (marks.at(-1)?.count ?? 0) > meant
  }

  async rows(access: MainAccess, parts: RowParts): Promise<JsonRecord[]> {
    const answer = await access.invoke('logger.listeners', null, { timeoutMs: 1500 })
    const rows = Array.isArray(answer.value) ? answer.value : []
    return rows
      .flatMap((row: Json) => (isRecord(row) ? [this.#row(row, parts)] : []))
      .sort((left, right) => Number(right['count']) - Number(left['count']))
  }

  #row(row: Record<string, unknown>, parts: RowParts): JsonRecord {
    const id = Number(row['id'])
    const marks = this.#marks.get(id) ?? []
    const [first, last] = [marks[0], marks.at(-1)]
    const count = Number(row['count'])
    const spanMs = first === undefined || last === undefined ? 0 : last.at - first.at
    const added = count - (first?.count ?? count)
    const { location, stack } = placeOf(textOf(row['stack'], ''), parts.files, parts.ownFolders)
    const event = textOf(row['event'])
    const emitter = textOf(row['emitter'])
    const isQuiet = row['isQuiet'] === true
    const isLeak = this.#isLeak(id) && (!isQuiet || location !== undefined)
    const where = location === undefined ? 'Something' : placeText(location, parts.root)
    return {
      event,
      emitter,
      count,
      addedPerMinute: spanMs === 0 ? null : Math.round((added * MINUTE_MS) / spanMs),
      watchedSeconds: Math.round(spanMs / 1000),
      warnedAt: new Date(Number(row['at'])).toISOString(),
      reportable: isLeak,
      severity: isLeak ? 'warning' : 'info',
      confidence: location === undefined ? 'low' : isLeak ? 'high' : 'medium',
      location: location === undefined ? null : { ...location },
      sourceLine:
        location === undefined
          ? null
          : parts.files.line(location.file, location.line).trim().slice(0, 200),
      stack: [...stack],
      observation: `${count} listeners of '${event}' hang on one ${emitter}, ${added} more in ${Math.round(spanMs / 1000)} s; ${isQuiet ? 'its limit was raised, so that Node does not warn; ' : 'Node warned of them at the eleventh, '}added in ${where}`,
      explanation: `Listener leak: ${where} adds a listener for '${event}' to a long-lived ${emitter} each time it runs and never removes it; the listeners and what they close over are kept for ever.`,
      remedy: `Add the listener once, or take it off when the work is done (once, { signal }, removeListener in finally); do not merely raise setMaxListeners.`,
    }
  }
}
