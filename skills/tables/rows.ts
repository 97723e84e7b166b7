import { relative } from 'node:path'
import type { Location, Severity } from '../contract.ts'
import type { JsonRecord } from '../json.ts'
import { listenersOf, locate, type PlaceParts } from './place.ts'
import { growthBytes, type Table } from './table-watch.ts'

const MB = 1_048_576
/** Growth that is worth telling without any other sign: 10 MB a minute, for three seconds. */
const TELLING_BYTES = 10 * MB
const TELLING_MS = 2500
const TELLING_LISTENERS = 120
/** Entries a minute of a table whose entries are closures or promises, while the heap rises. */
const TELLING_OPAQUE = 1000

/** What speaks for a leak besides the table itself. */
export interface MemoryContext {
  readonly heapGrows: boolean
  readonly externalGrows: boolean
  /** The heap has risen lately; with garbage or with what lives is not known. */
  readonly heapRose?: boolean
}

export interface RowParts extends PlaceParts {
  readonly root: string
}

/** A table as a row for Lua, prompts and the rules model. */
export function tableRow(table: Table, memory: MemoryContext, parts: RowParts): JsonRecord {
  const { measured, trend } = table
  const found = trend.growthPerMinute > 0 ? locate(table, parts) : undefined
  const isOutside = measured.outsideBytes > measured.bytes / 2 && measured.outsideBytes > MB
  const evicts = found?.evicts === true
  const file = found?.variableFile ?? measured.file
  const where = whereOf({ path: measured.path, file }, found?.location, parts.root)
  const isListeners = listenersOf(measured.path) !== undefined
  const told = { ...table, isOutside, evicts, where, isListeners }
  return {
    name: measured.path,
    kind: measured.kind,
    file: file === '' ? null : file,
    owner: measured.owner === '' ? null : measured.owner,
    registered: table.isRegistered,
    size: measured.size,
    growthPerMinute: trend.growthPerMinute,
    approxMb: round1(measured.bytes / MB),
    outsideMb: round1(measured.outsideBytes / MB),
    growthMbPerMinute: round1(growthBytes(table) / MB),
    observedSeconds: round1(trend.observedMs / 1000),
    oldestKept: measured.oldestKept ?? null,
    bound: measured.bound === undefined ? null : { ...measured.bound },
    evictsInCode: evicts,
    verdict: trend.verdict,
    ...weigh(told, memory, found?.location !== undefined),
    location: found?.location === undefined ? null : { ...found.location },
    sourceLine: found?.sourceLine ?? null,
    observation: observationOf(told),
    explanation: explanationOf(told),
    remedy: remedyOf(told),
  }
}

/**
 * A leak is told when memory as a whole grows too, or when it grows fast and nothing removes, or what removes
 * has not removed the oldest for long. Of listeners the number alone tells: what they close over is not seen.
 */
function weigh(table: Told, memory: MemoryContext, isLocated: boolean): JsonRecord {
  const bytesPerMinute = growthBytes(table)
  const isBacked = table.isOutside ? memory.externalGrows : memory.heapGrows
  const { observedMs, growthPerMinute } = table.trend
  const isOpaque = table.measured.isOpaque === true
  const isUnremoved = table.measured.oldestKept === true && observedMs >= TELLING_MS * 1.6
  const isTelling = table.isListeners
    ? growthPerMinute >= TELLING_LISTENERS && observedMs >= TELLING_MS
    : (bytesPerMinute >= TELLING_BYTES &&
        observedMs >= TELLING_MS &&
        (!table.evicts || isUnremoved)) ||
      (isOpaque &&
        memory.heapRose === true &&
        growthPerMinute >= TELLING_OPAQUE &&
        isUnremoved &&
        !table.evicts)
  const reportable = table.trend.verdict === 'leak' && isLocated && (isBacked || isTelling)
  const isFast = bytesPerMinute > 300 * MB
  const severity: Severity = reportable ? (isFast ? 'critical' : 'warning') : 'info'
  const confidence = isBacked && !table.evicts ? 'high' : isBacked || isTelling ? 'medium' : 'low'
  return { reportable, severity, confidence }
}

interface Told extends Table {
  readonly isOutside: boolean
  readonly evicts: boolean
  readonly isListeners: boolean
  readonly where: { readonly name: string; readonly filler: string }
}

function observationOf({ measured, trend, where, isOutside, isListeners }: Told): string {
  const rate = `growing by ${trend.growthPerMinute} a minute over ${round1(trend.observedMs / 1000)} s`
  if (isListeners && trend.growthPerMinute > 0)
    return `${where.name} has ${measured.size} listeners for the event '${listenersOf(measured.path)}', ${rate}; the oldest was never removed`
  const memory = isOutside
    ? `about ${round1(measured.outsideBytes / MB)} MB of Buffers (ArrayBuffers, external memory outside the JS heap)`
    : `about ${round1(measured.bytes / MB)} MB`
  const kept = measured.oldestKept === true ? ', and its oldest entry was never removed' : ''
  const sign = trend.growthPerMinute >= 0 ? 'growing' : 'shrinking'
  return `${where.name} is a ${measured.kind} with ${measured.size} entries, ${memory}, ${sign} by ${Math.abs(trend.growthPerMinute)} entries a minute over ${round1(trend.observedMs / 1000)} s${kept}`
}

function explanationOf({ measured, trend, where, evicts, isOutside, isListeners }: Told): string {
  const { bound } = measured
  switch (trend.verdict) {
    case 'leak': {
      if (isListeners)
        return `Listener leak: ${where.filler} adds a listener for '${listenersOf(measured.path)}' each time and does not remove it on every path; listeners accumulate without bound with all they close over, and each event calls all of them.`
      const ignored =
        bound === undefined
          ? ''
          : ` The limit beside it (${bound.name} = ${bound.value}) is not kept.`
      const never = evicts ? 'removes less than it adds' : 'nothing removes entries'
      const retained = isOutside
        ? 'retains Buffers: external memory grows while the JS heap may stay flat'
        : 'grows without bound and keeps everything alive'
      return `Memory leak: ${where.name} ${retained}; ${where.filler} adds to it and ${never}.${ignored}`
    }
    case 'evicting':
      return `${where.name} grows, but old entries go: a cache that works.`
    case 'bounded':
      return `${where.name} is below its limit${bound === undefined ? '' : ` (${bound.name} = ${bound.value})`}: a cache that fills, not a leak.`
    case 'warming':
      return `${where.name} grows ever more slowly: it warms up.`
    case 'stable':
      return `${where.name} does not grow.`
    case 'unknown':
      return `${where.name} was seen only once; its growth is not known yet.`
  }
}

function remedyOf({ trend, where, measured, isListeners }: Told): string {
  if (trend.verdict !== 'leak') return 'Nothing to do.'
  if (isListeners)
    return `Remove the listener in ${where.filler} on every path (off() or removeListener() when the wait ends, fails or its client goes), or use once() with an AbortSignal.`
  const how =
    measured.kind === 'Array'
      ? 'cap its length (trim or use a ring buffer)'
      : 'use an LRU cache with a max size or a TTL and evict old entries'
  return `Bound ${where.name}: ${how}, or remove entries when they are no longer needed. Check the condition that should limit it in ${where.filler}.`
}

/** What a table is called, and the code that fills it, relative to the application's folder. */
export function whereOf(
  variable: { path: string; file: string },
  location: Location | undefined,
  root: string,
): Told['where'] {
  const place = (file: string): string => {
    const path = relative(root, file)
    return path.startsWith('..') ? file : path
  }
  const file = variable.file === '' ? '' : ` (${place(variable.file)})`
  const filler =
    location === undefined
      ? 'the code'
      : `${location.function}() at ${place(location.file)}:${location.line}`
  return { name: `${variable.path}${file}`, filler }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
