import type { Point, Rise } from '../series.ts'
import { riseOf } from '../series.ts'

/** What is wrong with the memory beside the live data of the heap. */
export type AllocatorTrouble =
  | 'external_growth'
  | 'native_growth'
  | 'contexts_growth'
  | 'fragmentation'

/** The course of the levels, oldest first; MB and counts. */
export interface MemoryCourse {
  readonly external: readonly Point[]
  /** What stayed of it after full collections. */
  readonly externalFloors: readonly Point[]
  readonly unexplained: readonly Point[]
  /** What V8 has in physical memory, and external memory: what explains growth of the process. */
  readonly explained: readonly Point[]
  readonly threads: readonly Point[]
  readonly contexts: readonly Point[]
  readonly heapUsed: readonly Point[]
  readonly heapCommitted: readonly Point[]
}

export interface AllocatorFinding {
  readonly trouble: AllocatorTrouble
  readonly rise: Rise
  /** It is told by itself. */
  readonly isTelling: boolean
}

const EXTERNAL = { least: 25, factor: 1.5, readings: 6 }
const NATIVE = { least: 60, factor: 1.5, readings: 15 }
const CONTEXTS = { least: 30, factor: 3, readings: 6 }
/** Native memory comes and goes in steps: only what goes on for so long is growth. */
const NATIVE_LEAST_MS = 60_000
/** Stack and first heap of a thread, rounded up (introspection.md 7.1: 7 to 10 MB of RSS). */
const THREAD_MB = 11
/** Share of the growth that something else explains, from which it is not native. */
const EXPLAINED_SHARE = 0.4
const FRAGMENTED_MB = 150
const FRAGMENTED_SHARE = 0.5
const FRAGMENTED_MS = 60_000

/** Judges the course of memory. Pure. */
export function judgeMemory(course: MemoryCourse): AllocatorFinding[] {
  const external = externalRise(course)
  const contexts = riseOf(course.contexts, CONTEXTS)
  const native = nativeRise(course)
  const fragmented = fragmentation(course)
  return [
    ...(external === undefined ? [] : [{ trouble: 'external_growth', ...external } as const]),
    ...(contexts === undefined
      ? []
      : [{ trouble: 'contexts_growth', rise: contexts, isTelling: true } as const]),
    ...(native === undefined
      ? []
      : [
          {
            trouble: 'native_growth',
            rise: native,
            isTelling: native.overMs >= NATIVE_LEAST_MS,
          } as const,
        ]),
    ...(fragmented === undefined
      ? []
      : [{ trouble: 'fragmentation', rise: fragmented, isTelling: false } as const]),
  ]
}

/**
 * Buffers that nobody holds stay until V8 collects: only growth beyond what there was before counts, and it is
 * told when a full collection in the meantime has left most of it.
 */
function externalRise({
  external,
  externalFloors,
}: MemoryCourse): Pick<AllocatorFinding, 'rise' | 'isTelling'> | undefined {
  const rise = riseOf(external, EXTERNAL)
  const last = external.at(-1)
  if (rise === undefined || last === undefined) return undefined
  const startedAt = last.at - rise.overMs
  const before = external.filter(({ at }) => at < startedAt).map(({ value }) => value)
  const highest = Math.max(rise.from, ...before)
  if (rise.to < highest * 1.2) return undefined
  const floor = externalFloors.findLast(({ at }) => at > startedAt + rise.overMs / 3)
  const kept = floor === undefined ? 0 : floor.value - rise.from
  const expected = floor === undefined ? 0 : valueNear(external, floor.at) - rise.from
  if (floor !== undefined && kept < expected * 0.5) return undefined
  return { rise, isTelling: floor !== undefined && kept >= EXTERNAL.least / 2 }
}

function valueNear(points: readonly Point[], at: number): number {
  return (points.findLast((point) => point.at <= at) ?? points[0])?.value ?? 0
}

/** Growth that neither V8, nor Buffers, nor new threads explain. */
function nativeRise({ unexplained, explained, threads }: MemoryCourse): Rise | undefined {
  const rise = riseOf(unexplained, NATIVE)
  const last = unexplained.at(-1)
  if (rise === undefined || last === undefined) return undefined
  const from = last.at - rise.overMs
  const gained = rise.to - rise.from
  const byThreads = Math.max(0, growthSince(threads, from)) * THREAD_MB
  const byOthers = Math.max(0, growthSince(explained, from))
  if (gained - byThreads < NATIVE.least) return undefined
  return byOthers > gained * EXPLAINED_SHARE ? undefined : rise
}

/** Half of a large heap has been empty all the time, and was not given back. From: in use, to: committed. */
function fragmentation({ heapUsed, heapCommitted }: MemoryCourse): Rise | undefined {
  const last = heapCommitted.at(-1)
  if (last === undefined) return undefined
  const from = last.at - FRAGMENTED_MS
  if ((heapCommitted[0]?.at ?? last.at) > from) return undefined
  const committed = since(heapCommitted, from)
  const used = since(heapUsed, from)
  const mostUsed = Math.max(0, ...used.map(({ value }) => value))
  const leastCommitted = Math.min(...committed.map(({ value }) => value))
  if (leastCommitted < FRAGMENTED_MB || mostUsed > leastCommitted * FRAGMENTED_SHARE)
    return undefined
  return { from: mostUsed, to: leastCommitted, overMs: FRAGMENTED_MS }
}

function growthSince(points: readonly Point[], from: number): number {
  const later = since(points, from)
  return (later.at(-1)?.value ?? 0) - (later[0]?.value ?? 0)
}

function since(points: readonly Point[], from: number): readonly Point[] {
  return points.filter(({ at }) => at >= from)
}
