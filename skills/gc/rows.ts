import type { Severity } from '../contract.ts'
import { atPath, type Json, type JsonRecord, textOf } from '../json.ts'
import type { GcWindow } from './marks.ts'
import type { Measured } from './measure.ts'
import type { FloorTrend } from './trend.ts'
import type { GcTrouble } from './verdict.ts'

/** Share of the sampled bytes from which the function that allocates most is named. */
const NAMED_PCT = 30

/** The heap beside the collections. */
export interface HeapLevel {
  readonly floorMb: number | undefined
  readonly usedMb: number
  readonly limitMb: number
}

/** A recording as a row. */
export function measuredRow(measured: Measured): JsonRecord {
  return {
    spanMs: Math.round(measured.spanMs),
    sharePct: round1(measured.sharePct),
    minors: measured.minors,
    minorMs: round1(measured.minorMs),
    majors: measured.majors,
    majorMs: round1(measured.majorMs),
    longestMs: round1(measured.longestMs),
    freedByMajorsPct: measured.freedPct === null ? null : round1(measured.freedPct),
    survivedMinorsPct: measured.survivedPct === null ? null : round1(measured.survivedPct),
    promotedMbPerSecond: round1(measured.promotedMbPerSecond),
    freedMbPerSecond: round1(measured.freedMbPerSecond),
  }
}

/** Counters of a window as a row. */
export function windowRow(window: GcWindow): JsonRecord {
  return Object.fromEntries(Object.entries(window).map(([name, value]) => [name, round1(value)]))
}

/** What is wrong, with the function that allocates most where one stands out. */
export function troubleRow(
  trouble: GcTrouble,
  measured: Measured,
  heap: HeapLevel,
  allocators: readonly JsonRecord[],
): JsonRecord {
  const [top] = allocators
  const isNamed = trouble === 'pressure' && Number(top?.['sharePct'] ?? 0) >= NAMED_PCT
  const location = isNamed ? (top?.['location'] ?? null) : null
  const severity: Severity = trouble === 'thrash' ? 'critical' : 'warning'
  return {
    trouble,
    reportable: true,
    severity,
    confidence: trouble === 'pressure' ? 'medium' : 'high',
    ...measuredRow(measured),
    floorMb: heap.floorMb === undefined ? null : round1(heap.floorMb),
    heapUsedMb: round1(heap.usedMb),
    heapLimitMb: round1(heap.limitMb),
    location,
    allocatorSharePct: isNamed ? (top?.['sharePct'] ?? null) : null,
    ...wordsOf(trouble, measured, heap, { location, top }),
  }
}

function wordsOf(
  trouble: GcTrouble,
  measured: Measured,
  heap: HeapLevel,
  { location, top }: { readonly location: Json; readonly top: JsonRecord | undefined },
): JsonRecord {
  switch (trouble) {
    case 'thrash':
      return thrashWords(measured, heap)
    case 'pressure':
      return pressureWords(measured, location, top)
    case 'forced':
      return forcedWords(measured)
  }
}

function forcedWords({ sharePct, majors, spanMs }: Measured): JsonRecord {
  return {
    observation: `Full garbage collections that code asks for take ${round1(sharePct)} % of the time: ${majors} in ${round1(spanMs / 1000)} s`,
    explanation:
      'The application, or a tool in it, calls global.gc() (--expose-gc) again and again; V8 would collect far less often',
    remedy: 'Remove the calls of gc(): V8 knows when to collect',
  }
}

function thrashWords(measured: Measured, { floorMb, usedMb, limitMb }: HeapLevel): JsonRecord {
  const alive = round1(floorMb ?? usedMb)
  return {
    observation: `GC thrash: garbage collection took ${round1(measured.sharePct)} % of the time; ${measured.majors} full collections in ${round1(measured.spanMs / 1000)} s freed ${round1(measured.freedPct ?? 0)} % of the heap each; ${alive} MB stay in use of the ${round1(limitMb)} MB that V8 may use`,
    explanation:
      'Nearly all of the heap is alive: V8 collects again and again and finds little to free, shortly before the process runs out of memory',
    remedy:
      'Find what holds the memory (skill tables: what grows; profiler_allocations: what is kept) and bound it; a larger --max-old-space-size only wins time',
  }
}

function pressureWords(
  measured: Measured,
  location: Json,
  top: JsonRecord | undefined,
): JsonRecord {
  const { freedMbPerSecond, majors, minors, survivedPct, sharePct } = measured
  const file = textOf(atPath(location, 'file'), '')
  const where =
    file === ''
      ? ''
      : `${textOf(atPath(location, 'function'))} (${file}:${Number(atPath(location, 'line'))})`
  const who =
    where === '' ? '' : `; ${where} allocates ${Number(top?.['sharePct'])} % of what was sampled`
  return {
    observation: `Garbage collection took ${round1(sharePct)} % of the time: ${minors} minor and ${majors} full collections in ${round1(measured.spanMs / 1000)} s freed ${Math.round(freedMbPerSecond)} MB a second${who}`,
    explanation: `${where === '' ? 'The application' : where} allocates very much that is needed only for a moment${survivesMuch(survivedPct)}${majors > minors / 4 ? '; large objects or Buffers among it make V8 collect the whole heap' : ''}`,
    remedy:
      'Allocate less in each request: reuse Buffers and objects, stream instead of building large strings and arrays, do not copy in loops; --max-semi-space-size helps where short-lived objects are copied',
  }
}

function survivesMuch(survivedPct: number | null): string {
  return survivedPct !== null && survivedPct > 40
    ? `, and ${round1(survivedPct)} % of the young objects live long enough to be copied`
    : ''
}

/** A floor that rises by itself. */
export function trendRow(
  { fromMb, toMb, overMs, mbPerMinute, limitMb, minutesToLimit, isTelling }: FloorTrend,
  kept: JsonRecord | undefined,
): JsonRecord {
  const minutes = round1(overMs / 60_000)
  const share = Number(kept?.['sharePct'] ?? 0)
  const location = share >= NAMED_PCT ? (kept?.['location'] ?? null) : null
  const where =
    location === null
      ? ''
      : `; of what stays, ${share} % is allocated in ${textOf(atPath(location, 'function'))} (${textOf(atPath(location, 'file'))}:${Number(atPath(location, 'line'))})`
  return {
    reportable: isTelling,
    severity: minutesToLimit < 5 ? 'critical' : 'warning',
    confidence: location === null ? 'low' : 'medium',
    fromMb: round1(fromMb),
    toMb: round1(toMb),
    overMinutes: minutes,
    growthMbPerMinute: round1(mbPerMinute),
    heapLimitMb: round1(limitMb),
    minutesToLimit: Math.round(minutesToLimit),
    location,
    observation: `What is in use after full collections grows steadily: from ${round1(fromMb)} to ${round1(toMb)} MB in ${minutes} minutes (${round1(mbPerMinute)} MB a minute); the limit of ${round1(limitMb)} MB is reached in about ${Math.round(minutesToLimit)} minutes${where}`,
    explanation:
      'Memory leak: more and more stays alive after each full collection, and the growth does not slow down as that of a cache would',
    remedy:
      'Find what holds it: tables_growing for collections, profiler_allocations for where it is allocated; bound it or let go of it',
  }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
