import * as v8 from 'node:v8'
import type { JsonRecord } from '../json.ts'
import type { MainPart } from '../probe/main-part.ts'

/** A recording that nobody ends is dropped after this time. */
const FORGET_MS = 15_000
const after = setTimeout
const cancel = clearTimeout

/** What V8 tells of one collection: heap and spaces before and after it. */
interface Collection {
  readonly gcType: string
  /** Microseconds. */
  readonly cost: number
  readonly beforeGC: Heap
  readonly afterGC: Heap
}

interface Heap {
  readonly heapStatistics: { readonly usedHeapSize: number }
  readonly heapSpaceStatistics: readonly {
    readonly spaceName: string
    readonly spaceUsedSize: number
  }[]
}

let recording: { readonly profiler: v8.GCProfiler; readonly timer: NodeJS.Timeout } | undefined

/**
 * Records collections for a moment, on demand: each with the heap before and after it. It costs main less than
 * can be measured (introspection.md section 5), and a few milliseconds for the end of a recording.
 */
export const gcMain: MainPart = {
  skill: 'gc',
  functions: {
    'gc.start': { run: start },
    'gc.stop': { run: stop },
  },
  install: () => drop,
}

function start(): boolean {
  drop()
  const profiler = new v8.GCProfiler()
  profiler.start()
  recording = { profiler, timer: after(drop, FORGET_MS).unref() }
  return true
}

function drop(): void {
  if (recording === undefined) return
  cancel(recording.timer)
  recording.profiler.stop()
  recording = undefined
}

/** Sums by kind: a row for each collection would be 3 KB. */
function stop(): JsonRecord[] {
  if (recording === undefined) return []
  cancel(recording.timer)
  const { profiler } = recording
  recording = undefined
  const found: unknown = profiler.stop()
  const sums = new Map<string, Record<string, number>>()
  for (const collection of collectionsOf(found)) add(sums, collection)
  return [...sums].map(([kind, sum]) => ({ kind, ...sum }))
}

function collectionsOf(found: unknown): readonly Collection[] {
  if (typeof found !== 'object' || found === null || !('statistics' in found)) return []
  const list: unknown = found.statistics
  return Array.isArray(list) ? list.filter(isCollection) : []
}

function isCollection(value: unknown): value is Collection {
  return (
    typeof value === 'object' &&
    value !== null &&
    'gcType' in value &&
    'beforeGC' in value &&
    'afterGC' in value
  )
}

function add(sums: Map<string, Record<string, number>>, collection: Collection): void {
  const { gcType, cost, beforeGC, afterGC } = collection
  const sum = sums.get(gcType) ?? {
    count: 0,
    totalMs: 0,
    longestMs: 0,
    usedBefore: 0,
    usedAfter: 0,
    youngBefore: 0,
    youngAfter: 0,
  }
  sums.set(gcType, sum)
  const more: Record<string, number> = {
    count: 1,
    totalMs: cost / 1000,
    usedBefore: beforeGC.heapStatistics.usedHeapSize,
    usedAfter: afterGC.heapStatistics.usedHeapSize,
    youngBefore: youngOf(beforeGC),
    youngAfter: youngOf(afterGC),
  }
  for (const [name, value] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + value
  sum['longestMs'] = Math.max(sum['longestMs'] ?? 0, cost / 1000)
}

/** Bytes of what has survived no full collection yet. */
function youngOf({ heapSpaceStatistics }: Heap): number {
  return heapSpaceStatistics
    .filter(({ spaceName }) => spaceName.startsWith('new_'))
    .reduce((total, { spaceUsedSize }) => total + spaceUsedSize, 0)
}
