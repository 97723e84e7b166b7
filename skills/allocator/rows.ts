import type { Severity } from '../contract.ts'
import { type JsonRecord, numberAt, textOf } from '../json.ts'
import type { Rise } from '../series.ts'
import { type MemoryLevels, round1 } from './levels.ts'
import type { AllocatorFinding, AllocatorTrouble } from './verdict.ts'

/** What is known of who does it. */
export interface Suspects {
  /** The place that makes most Buffers, as `allocator_buffers` gives it. */
  readonly buffers?: JsonRecord | undefined
  /** Packages with native addons that are loaded. */
  readonly addons: readonly string[]
}

interface Words {
  readonly observation: string
  readonly explanation: string
  readonly remedy: string
}

/** From this share of all Buffers on, and of the growth, a place is named. */
const NAMED_PCT = 50
const NAMED_GROWTH = 0.3

/** A finding as a row. */
export function findingRow(
  { trouble, rise, isTelling }: AllocatorFinding,
  levels: MemoryLevels,
  suspects: Suspects,
): JsonRecord {
  const named = trouble === 'external_growth' ? namedBuffers(suspects.buffers, rise) : undefined
  const severity: Severity = isTelling ? 'warning' : 'info'
  return {
    trouble,
    reportable: true,
    severity,
    confidence: CONFIDENCE[trouble],
    location: named?.['location'] ?? null,
    from: round1(rise.from),
    to: round1(rise.to),
    overSeconds: Math.round(rise.overMs / 1000),
    growthPerMinute: round1(perMinute(rise)),
    ...levelRow(levels),
    buffersPlace: textOf(named?.['where'], '') || null,
    buffersMbPerSecond: numberAt(named, 'mbPerSecond'),
    addons: suspects.addons.slice(0, 10),
    ...wordsOf(trouble, rise, levels, { ...suspects, buffers: named }),
  }
}

const CONFIDENCE: Record<AllocatorTrouble, string> = {
  external_growth: 'medium',
  native_growth: 'low',
  contexts_growth: 'medium',
  fragmentation: 'low',
}

/** Nobody is named who makes but a small part of what grows. */
function namedBuffers(row: JsonRecord | undefined, rise: Rise): JsonRecord | undefined {
  if (row === undefined) return undefined
  const growing = perMinute(rise) / 60
  const isMost = (numberAt(row, 'sharePct') ?? 0) >= NAMED_PCT
  return isMost && (numberAt(row, 'mbPerSecond') ?? 0) >= growing * NAMED_GROWTH ? row : undefined
}

function wordsOf(
  trouble: AllocatorTrouble,
  rise: Rise,
  levels: MemoryLevels,
  { buffers, addons }: Suspects,
): Words {
  const course = `from ${round1(rise.from)} to ${round1(rise.to)}`
  const time = timeText(rise.overMs)
  switch (trouble) {
    case 'external_growth':
      return externalWords(course, time, levels, buffers)
    case 'native_growth':
      return {
        observation: `Memory that neither V8's heap (${round1(levels.heapPhysicalMb)} MB) nor its external memory (${round1(levels.externalMb)} MB) explains grew ${course} MB in ${time}; resident are ${round1(levels.rssMb)} MB`,
        explanation: `Native memory grows while the JS heap does not: a native library or addon that does not free (${addons.length === 0 ? 'no addon is loaded: then Node itself, such as TLS contexts, zlib or HTTP parsers that are never closed' : `loaded: ${addons.join(', ')}`}), the heaps of worker threads, or fragmentation of malloc. Which of them cannot be told from inside`,
        remedy:
          'Look whether sockets, TLS contexts, zlib streams or workers grow as well (skill handles) and close them; take one addon away at a time; try jemalloc or MALLOC_ARENA_MAX=2: if it stays flat then, it was fragmentation',
      }
    case 'contexts_growth':
      return {
        observation: `The V8 contexts of the main thread grew ${course} in ${time}; ${levels.detachedContexts} are detached`,
        explanation:
          'Each vm.createContext(), runInNewContext() or ShadowRealm makes a context with globals of its own, about 1 MB; something keeps them alive',
        remedy: 'Make one context and use it again, or let go of what came from it',
      }
    case 'fragmentation':
      return {
        observation: `V8 keeps ${round1(rise.to)} MB for the heap, of which at most ${round1(rise.from)} MB were in use in the last ${time}`,
        explanation:
          'The heap was larger once, or live objects are scattered over many pages: V8 gives whole pages back only. No leak',
        remedy: 'Nothing needs to be done; if memory is scarce, avoid the peak that filled it',
      }
  }
}

function externalWords(
  course: string,
  time: string,
  levels: MemoryLevels,
  buffers: JsonRecord | undefined,
): Words {
  const who =
    buffers === undefined
      ? ''
      : `; ${textOf(buffers['where'])} makes ${Number(buffers['mbPerSecond'])} MB of Buffers a second`
  return {
    observation: `Memory outside the JS heap (external) grew ${course} MB in ${time}; ${round1(levels.arrayBuffersMb)} MB of it are Buffers (ArrayBuffers), the heap has ${round1(levels.heapUsedMb)} MB in use${who}`,
    explanation: `${levels.arrayBuffersMb > levels.externalMb / 2 ? 'Buffers are made faster than they are let go of: something retains them' : 'Native objects that V8 counts as external memory (streams of zlib, crypto, WebAssembly) are retained'}${buffers === undefined ? '' : `; most are made in ${textOf(buffers['where'])}`}`,
    remedy:
      'Find what holds them: tables_growing names collections with outsideMb; else responses that nobody reads (skill http), or streams that are never ended',
  }
}

/** Levels without the time. */
export function levelRow({ at: _at, ...levels }: MemoryLevels): JsonRecord {
  return Object.fromEntries(
    Object.entries(levels).map(([name, value]) => [name, value === null ? null : round1(value)]),
  )
}

function perMinute({ from, to, overMs }: Rise): number {
  return ((to - from) * 60_000) / Math.max(overMs, 1)
}

function timeText(overMs: number): string {
  return overMs < 120_000 ? `${Math.round(overMs / 1000)} s` : `${round1(overMs / 60_000)} min`
}
