/** Findings about connections, in words and with places. */
import type { JsonRecord } from '../json.ts'
import { heldWords, leakWords, looseWords, openWords, poolWords } from './connection-words.ts'
import { findingOf, UNKNOWN_PLACE, type World } from './finding.ts'
import { exitsBeforeRelease } from './place.ts'
import type { ClientReading } from './reading.ts'
import type { LeakTrouble, LooseTrouble, OpenTrouble, PoolTrouble } from './trouble.ts'

/** Shorter rests are those between two queries. */
const RESTS_FROM_MS = 30

export function leakRow(
  trouble: LeakTrouble,
  { book, history, context }: World,
): JsonRecord | undefined {
  const { holder } = trouble
  const place = book.place(holder.site)
  const site = book.site(holder.site)
  if (place === undefined || site === undefined) return undefined
  // Where the place holds clients long anyway, they may still come back.
  const usualMs = site.sampled === 0 ? undefined : site.heldMs / site.sampled
  if (site.longestHeldMs * 1.5 > holder.oldestMs) return undefined
  const last = book.caller(holder.statement)
  const isHere = last?.rawFile === place.rawFile
  const exits = exitsBeforeRelease(place, isHere ? last.rawLine : place.rawLine, context)
  const { load = 0 } = history.intervals.at(-1) ?? {}
  const known = { usualMs, statement: book.text(holder.statement), exits, isIdle: load < 0.5 }
  return findingOf('not_released', trouble, place, leakWords(trouble, place.text, known), {
    confidence: site.sampled > 0 || holder.restingCount >= 3 ? 'high' : 'medium',
    poolMax: trouble.pool.max,
    notReleased: holder.restingCount,
    oldestHeldMs: holder.oldestMs,
    waiting: trouble.pool.waiting,
    lastStatement: book.text(holder.statement) ?? null,
  })
}

/** Callers wait because one place keeps its clients without using them; undefined: it does not. */
export function heldRow(trouble: PoolTrouble, { book }: World): JsonRecord | undefined {
  const { pool } = trouble
  const [most] = heldBySite(book.details.clients)
  if (most === undefined || most[1].resting < pool.max / 2) return undefined
  const [site, held] = most
  const place = book.place(site)
  const numbers = { ...held, heldMs: held.heldMs / held.count }
  const words = heldWords(trouble, place?.text ?? UNKNOWN_PLACE, numbers)
  return findingOf('held', trouble, place, words, {
    confidence: 'medium',
    poolMax: pool.max,
    waiting: pool.waiting,
    longestWaitMs: pool.oldestWaitMs,
    heldClients: held.count,
    restingClients: held.resting,
  })
}

/** Callers wait, and no cause is known. */
export function exhaustedRow(trouble: PoolTrouble, { book, history }: World): JsonRecord {
  const { pool } = trouble
  const statements = history.intervals.at(-1)?.statements ?? []
  const [busiest] = statements.toSorted((left, right) => right.load - left.load)
  const place = busiest === undefined ? undefined : book.caller(busiest.id)
  const known =
    busiest === undefined || place === undefined
      ? undefined
      : { text: book.text(busiest.id) ?? '?', meanMs: busiest.meanMs, place: place.text }
  return findingOf('exhausted', trouble, place, poolWords(trouble, known), {
    confidence: 'low',
    poolMax: pool.max,
    waiting: pool.waiting,
    longestWaitMs: pool.oldestWaitMs,
  })
}

interface Held {
  readonly heldMs: number
  readonly resting: number
  readonly count: number
}

/** Places that have clients out, those with most clients at rest first. */
function heldBySite(clients: readonly ClientReading[]): (readonly [number, Held])[] {
  const bySite = new Map<number, Held>()
  for (const { site, heldMs, restsMs, isReleased } of clients) {
    if (site === 0 || isReleased) continue
    const seen = bySite.get(site) ?? { heldMs: 0, resting: 0, count: 0 }
    bySite.set(site, {
      heldMs: seen.heldMs + heldMs,
      resting: seen.resting + (restsMs > RESTS_FROM_MS ? 1 : 0),
      count: seen.count + 1,
    })
  }
  return [...bySite].toSorted((left, right) => right[1].resting - left[1].resting)
}

export function openRow(trouble: OpenTrouble, { book }: World): JsonRecord | undefined {
  const counts = book.details.releasedInTransaction.toSorted(
    (left, right) => right.count - left.count,
  )
  const [most] = counts
  const left = book.details.clients.filter(({ isReleased }) => isReleased)
  if (most === undefined) return undefined
  const place = book.place(most.site) ?? book.callerOf(/^(?:begin|start transaction)\b/i)
  if (place === undefined) return undefined
  const words = openWords(trouble, place.text, most.isPoolQuery, left.length)
  return findingOf('open_transaction', trouble, place, words, {
    confidence: 'high',
    releasedInTransaction: trouble.count,
    openTransactions: left.length,
  })
}

export function looseRow(trouble: LooseTrouble, { book }: World): JsonRecord | undefined {
  const place = book.place(trouble.site)
  if (place === undefined) return undefined
  const { open, fromOpen } = trouble
  return findingOf('not_ended', trouble, place, looseWords(trouble, place.text), {
    confidence: 'high',
    open,
    fromOpen,
  })
}
