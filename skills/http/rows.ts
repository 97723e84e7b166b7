import { setTimeout as delay } from 'node:timers/promises'
import type { SkillContext } from '../gateway/outside-part.ts'
import { numberOf, recordsOf } from '../handles/reading.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'
import { findSource, scriptsBelow } from '../source/find-source.ts'
import { type Place, placeOfStack, placeText } from '../source/place.ts'
import { threadPoolLatencyMs } from '../vm/readings.ts'
import { stuckPlaces } from './stuck.ts'
import { stuckWords, waitsFor } from './stuck-words.ts'
import type { Finding, HttpWatch } from './watch.ts'
import type { Summary } from './windows.ts'
import { explanationOf, observationOf, remedyOf } from './words.ts'

export interface HttpParts {
  readonly context: SkillContext
  readonly watch: HttpWatch
  /** Routes whose trouble has a known cause, and until when (performance.now): their symptoms are not told. */
  readonly explained: Map<string, number>
  /** Who was seen to call each host last: behind a window in which nobody sends stands the same caller. */
  readonly callers: Map<string, Caller>
}

const MAX_HOSTS = 100

/** How long a cause that was found speaks for what is seen of its route. */
const EXPLAINED_MS = 5 * 60_000

/** Whether the cause of a route's trouble was told lately. */
export function isExplained({ explained }: HttpParts, route: string): boolean {
  return (explained.get(route) ?? 0) > performance.now()
}

const CALLERS_MS = 1500
/** When the thread pool, through which names are looked up, takes this share of the time, it may be the cause. */
const POOL_SHARE = 0.3
const POOL_SLOW_MS = 50
const CALL = { timeoutMs: 2000, mayInterrupt: true }
/** Windows set and clear a timer, which must not happen inside an interrupt of main. */
const WINDOW_CALL = { timeoutMs: 2000, mayInterrupt: false }

/** What is wrong with upstreams, with the place in the application that calls each. */
export async function upstreamRows(parts: HttpParts): Promise<JsonRecord[]> {
  const findings = parts.watch.findings().filter(({ direction }) => direction === 'outbound')
  if (findings.length === 0) return []
  const [callers, open, poolMs] = await Promise.all([
    callersOf(parts, CALLERS_MS),
    openCallersOf(parts),
    threadPoolLatencyMs(1000),
  ])
  return findings.map((finding) => {
    const isTheirs = ({ host }: Caller): boolean => host === finding.key
    // who left an answer unread may send nothing any more
    const known = finding.trouble === 'unread' ? [...open, ...callers] : [...callers, ...open]
    const caller = known.find(isTheirs) ?? parts.callers.get(finding.key)
    if (caller !== undefined && parts.callers.size < MAX_HOSTS)
      parts.callers.set(finding.key, caller)
    const isSlowPool = poolMs > Math.max(POOL_SLOW_MS, finding.now.p50Ms * POOL_SHARE)
    const isPool = isSlowPool && finding.trouble !== 'errors'
    const told = {
      ...finding,
      retries: parts.watch.retriesOf(finding),
      where:
        caller === undefined ? undefined : placeText(caller.place.location, parts.context.root),
    }
    return {
      host: finding.key,
      trouble: finding.trouble,
      ...figures(finding),
      threadPoolLatencyMs: poolMs,
      location: caller === undefined ? null : { ...caller.place.location },
      where: told.where ?? null,
      sourceLine: caller?.place.sourceLine ?? null,
      stack: caller?.place.frames ?? [],
      reportable: !isPool,
      severity: 'warning',
      confidence: caller === undefined ? 'medium' : 'high',
      observation: observationOf(told),
      explanation: explanationOf(told),
      remedy: remedyOf(told),
    }
  })
}

/** What is wrong with routes of the application itself: symptoms, with what handles them. */
export async function routeRows(parts: HttpParts): Promise<JsonRecord[]> {
  const findings = parts.watch
    .findings()
    .filter(({ direction, key }) => direction === 'inbound' && !isExplained(parts, key))
  if (findings.length === 0) return []
  const handlers = await handlersOf(parts)
  return findings.map((finding) => {
    const handler = handlers.get(finding.key)
    return {
      route: finding.key,
      trouble: finding.trouble,
      readings: finding.readings,
      ...figures(finding),
      handler: handler ?? null,
      severity: 'warning',
      observation: observationOf({ ...finding, where: handler }),
    }
  })
}

function figures({ now, before }: Finding): JsonRecord {
  return {
    perSecond: now.perSecond,
    p50Ms: now.p50Ms,
    p99Ms: now.p99Ms,
    p50BeforeMs: before?.p50Ms ?? null,
    p99BeforeMs: before?.p99Ms ?? null,
    errorPct: pct(now.errors, now.count),
    errorBeforePct: before === undefined ? null : pct(before.errors, before.count),
    open: now.open,
    oldestMs: now.oldestMs,
    waiting: now.waiting,
    unread: now.unread,
  }
}

function pct(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10
}

/** One row of a route or host as it is now. */
export function summaryRow(key: string, now: Summary): JsonRecord {
  return {
    key,
    perSecond: now.perSecond,
    p50Ms: now.p50Ms,
    p90Ms: now.p90Ms,
    p99Ms: now.p99Ms,
    errorPct: pct(now.errors, now.count),
    refusedPct: pct(now.refusals, now.count),
    abortedPct: pct(now.aborted, now.count),
    open: now.open,
    oldestMs: now.oldestMs,
    unread: now.unread,
  }
}

/** A place that sends requests, and where to. */
export interface Caller {
  readonly host: string
  readonly count: number
  readonly place: Place
}

/** Watches for a while who sends requests; the most frequent first. */
export async function callersOf({ context }: HttpParts, watchMs: number): Promise<Caller[]> {
  await context.access.invoke('http.beginCallers', null, WINDOW_CALL)
  await delay(watchMs, undefined, { ref: false })
  const answer = await context.access.invoke('http.endCallers', null, WINDOW_CALL)
  return callersIn(answer.value, context)
}

/** Those of requests under way, those with unread answers first. */
async function openCallersOf({ context }: HttpParts): Promise<Caller[]> {
  const { value } = await context.access.invoke('http.openCallers', null, CALL)
  return callersIn(value, context)
}

function callersIn(value: Json, context: SkillContext): Caller[] {
  return recordsOf(value).flatMap((row) => {
    const place = placeOfStack(textOf(row['stack'], ''), context.files, context.ownFolders)
    if (place === undefined) return []
    return [{ host: textOf(row['host']), count: numberOf(row['count']), place }]
  })
}

/** Places that go on writing to responses that asked them to wait. */
export async function writerRows({ context, watch }: HttpParts): Promise<JsonRecord[]> {
  await context.access.invoke('http.beginWrites', null, WINDOW_CALL)
  await delay(CALLERS_MS, undefined, { ref: false })
  const { value } = await context.access.invoke('http.endWrites', null, WINDOW_CALL)
  return recordsOf(value).flatMap((row): JsonRecord[] => {
    const place = placeOfStack(textOf(row['stack'], ''), context.files, context.ownFolders)
    const [writes, refused] = [numberOf(row['writes']), numberOf(row['refused'])]
    if (place === undefined) return []
    const where = placeText(place.location, context.root)
    return [
      {
        location: { ...place.location },
        where,
        sourceLine: place.sourceLine,
        stack: place.frames,
        writes,
        refused,
        refusedPct: pct(refused, writes),
        reportable: watch.waitingRise !== undefined && refused >= 5 && refused >= writes / 4,
        confidence: refused >= writes / 2 ? 'high' : 'medium',
        observation: `${where} wrote ${writes} times to HTTP responses in ${CALLERS_MS / 1000} s and was told to wait ${refused} times (write() returned false); bytes that wait for slow clients keep growing`,
        explanation: `Back-pressure ignored: ${where} goes on writing to responses whose clients do not read, so that unsent data accumulates in memory (Buffers, external memory)`,
        remedy: `In ${where}, stop writing when res.write() returns false until 'drain', use stream.pipeline(), and drop or disconnect clients whose res.writableLength stays high`,
      },
    ]
  })
}

const STUCK_MS = 3000
/** Waits of this length for the thread pool explain a hang by themselves, whatever is awaited. */
const POOL_STUCK_MS = 400

/** Follows new requests of routes that hang, and says where these wait. */
export async function stuckRows(parts: HttpParts): Promise<JsonRecord[]> {
  const { context, watch, explained } = parts
  const findings = watch.findings()
  const hanging = findings.filter(
    ({ direction, trouble }) => direction === 'inbound' && trouble === 'hanging',
  )
  if (hanging.length === 0) return []
  // what waits for the thread pool gets there, late
  if ((await threadPoolLatencyMs(POOL_STUCK_MS)) >= POOL_STUCK_MS) return []
  await context.access.invoke('http.beginStuck', null, WINDOW_CALL)
  const poolMs = threadPoolLatencyMs(STUCK_MS)
  await delay(STUCK_MS, undefined, { ref: false })
  const { value } = await context.access.invoke('http.endStuck', null, WINDOW_CALL)
  if ((await poolMs) >= POOL_STUCK_MS) return []
  const isUpstreamKnown = findings.some(({ direction }) => direction === 'outbound')
  return stuckPlaces(value, context).map((stuck) => {
    const where = placeText(stuck.location, context.root)
    const kind = waitsFor(stuck)
    const { package: name, location, exits, ...figuresOf } = stuck
    const reportable = kind !== 'database' && !(kind === 'upstream' && isUpstreamKnown)
    if (reportable) explained.set(stuck.route, performance.now() + EXPLAINED_MS)
    return {
      ...figuresOf,
      frames: [...stuck.frames],
      awaited: stuck.awaited ?? null,
      kind,
      location: { ...location, ...(name === undefined ? {} : { package: name }) },
      exits: exits.map((exit) => ({ ...exit })),
      where,
      reportable,
      severity: 'warning',
      confidence: stuck.count * 2 >= stuck.seen || kind === 'lock' ? 'high' : 'medium',
      ...stuckWords(stuck, where),
    }
  })
}

/** The handler of each route with requests under way, where its source can be found. */
export async function handlersOf({ context }: HttpParts): Promise<Map<string, string>> {
  const { value } = await context.access.invoke('http.oldest', null, CALL)
  const handlers = new Map<string, string>()
  const requests: Record<string, unknown>[] = isRecord(value) ? recordsOf(value['requests']) : []
  const files = filesOf(value, context.root)
  for (const request of requests) {
    const key = textOf(request['key'])
    const place = handlers.has(key)
      ? undefined
      : findSource(textOf(request['handler'], ''), files, context.files)
    if (place !== undefined) handlers.set(key, placeText(place, context.root))
  }
  return handlers
}

function filesOf(value: Json, root: string): string[] {
  const list: unknown = isRecord(value) ? value['files'] : undefined
  const loaded = Array.isArray(list) ? list.map((file) => textOf(file, '')) : []
  return loaded.length > 0 ? loaded : scriptsBelow(root)
}
