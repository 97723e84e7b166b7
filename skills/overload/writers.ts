/** Who goes on writing to sockets whose other side does not read, in numbers and words. */
import { setTimeout as delay } from 'node:timers/promises'
import type { SkillContext } from '../gateway/outside-part.ts'
import { numberOf, recordsOf } from '../handles/reading.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { type Place, placeOfStack, placeText } from '../source/place.ts'

const WATCH_MS = 1500
// it sets and clears a timer, which must not happen inside an interrupt of main
const CALL = { timeoutMs: 2000, mayInterrupt: false }
/** Once may be one large message. */
const LEAST_WRITES = 3

interface Writer {
  readonly place: Place
  readonly writes: number
  readonly kb: number
  readonly peers: number
}

/** Watches for a second and a half; the place that writes most first. @throws {SkillFailure} */
export async function socketWriterRows(context: SkillContext): Promise<JsonRecord[]> {
  await context.access.invoke('overload.beginWrites', null, CALL)
  await delay(WATCH_MS, undefined, { ref: false })
  const { value } = await context.access.invoke('overload.endWrites', null, CALL)
  return byPlace(recordsOf(value), context).map((writer) => rowOf(writer, context.root))
}

/** Stacks of one function of the application together: a broadcast writes by several paths of a package. */
function byPlace(
  rows: readonly Readonly<Record<string, unknown>>[],
  { files, ownFolders }: SkillContext,
): Writer[] {
  const found = new Map<string, Writer>()
  for (const row of rows) {
    const place = placeOfStack(textOf(row['stack'], ''), files, ownFolders)
    if (place === undefined) continue
    const key = `${place.location.file}\n${place.location.function}`
    const known = found.get(key)
    found.set(key, {
      place: known?.place ?? place,
      writes: (known?.writes ?? 0) + numberOf(row['writes']),
      kb: (known?.kb ?? 0) + numberOf(row['bytes']) / 1024,
      peers: Math.max(known?.peers ?? 0, numberOf(row['peers'])),
    })
  }
  return [...found.values()].toSorted((one, other) => other.kb - one.kb)
}

function rowOf({ place, writes, kb, peers }: Writer, root: string): JsonRecord {
  const where = placeText(place.location, root)
  const seconds = WATCH_MS / 1000
  return {
    location: { ...place.location },
    where,
    sourceLine: place.sourceLine,
    stack: [...place.frames],
    writes,
    kb: Math.round(kb),
    peers,
    watchedMs: WATCH_MS,
    reportable: writes >= LEAST_WRITES,
    severity: 'warning',
    confidence: 'high',
    observation: `${where} wrote ${writes} times (${Math.round(kb)} KB) within ${seconds} s to ${peers} ${peers === 1 ? 'socket' : 'sockets'} whose other side does not read, each with more than 128 KB unsent already`,
    explanation: `Back-pressure ignored: ${where} goes on writing to connections that do not take what was written before, so that unsent data piles up in memory without bound`,
    remedy: `In ${where}, look at the socket's writableLength (bufferedAmount of a WebSocket) before each write: skip or drop messages above a limit, wait for 'drain' when write() returns false, and close connections that stay full`,
  }
}
