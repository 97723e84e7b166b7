import type { HeapSpace, HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import type { JsonRecord } from '../json.ts'
import { namedNumbers, type SystemFiles } from '../os/system-files.ts'

/** Where the memory of the process is, in MB. null: the platform does not tell. */
export interface MemoryLevels {
  readonly at: number
  readonly rssMb: number
  /** Resident memory that is no file: the heaps, Buffers, what native code allocates, stacks. */
  readonly anonymousMb: number | null
  readonly fileMb: number | null
  /** Main's V8 heap: taken from the system, in use, in physical memory. */
  readonly heapCommittedMb: number
  readonly heapUsedMb: number
  readonly heapPhysicalMb: number
  /** What V8 knows of outside of its heap: Buffers (ArrayBuffers) and what native objects report. */
  readonly externalMb: number
  readonly arrayBuffersMb: number
  /** V8's own use of malloc. */
  readonly mallocedMb: number
  /** The heap of the gateway's thread, which is nodelens's own. */
  readonly ownHeapMb: number
  /**
   * Anonymous memory that none of these explains: native code, heaps of other threads, stacks, and what malloc
   * keeps although it was freed. Only its growth says something.
   */
  readonly unexplainedMb: number | null
  readonly threads: number | null
  readonly contexts: number
  readonly detachedContexts: number
}

const MB = 1_048_576
const KB_PER_MB = 1024

/** One small file and the shared memory; about 0.05 ms. */
export function readLevels(reader: HeartbeatReader, files: SystemFiles, at: number): MemoryLevels {
  const status = namedNumbers(files.text('/proc/self/status') ?? '')
  const fromKb = (name: string): number | null => {
    const kb = status.get(name)
    return kb === undefined ? null : kb / KB_PER_MB
  }
  const spaces = reader.spaces()
  const sum = (pick: (space: HeapSpace) => number): number =>
    spaces.reduce((total, space) => total + pick(space), 0) / MB
  const heapPhysicalMb = sum(({ physicalBytes }) => physicalBytes)
  const externalMb = reader.gauge('externalBytes') / MB
  const mallocedMb = reader.gauge('mallocedBytes') / MB
  const own = process.memoryUsage()
  const ownHeapMb = (own.heapTotal + own.external) / MB
  const anonymousMb = fromKb('RssAnon')
  const explainedMb = heapPhysicalMb + externalMb + mallocedMb + ownHeapMb
  return {
    at,
    rssMb: own.rss / MB,
    anonymousMb,
    fileMb: fromKb('RssFile'),
    heapCommittedMb: sum(({ committedBytes }) => committedBytes),
    heapUsedMb: sum(({ usedBytes }) => usedBytes),
    heapPhysicalMb,
    externalMb,
    arrayBuffersMb: reader.gauge('arrayBufferBytes') / MB,
    mallocedMb,
    ownHeapMb,
    unexplainedMb: anonymousMb === null ? null : Math.max(0, anonymousMb - explainedMb),
    threads: status.get('Threads') ?? null,
    contexts: reader.gauge('nativeContexts'),
    detachedContexts: reader.gauge('detachedContexts'),
  }
}

/** The spaces of main's heap as rows, the largest first. Pure. */
export function spaceRows(spaces: readonly HeapSpace[]): JsonRecord[] {
  return spaces
    .filter(({ committedBytes }) => committedBytes > 0)
    .toSorted((left, right) => right.committedBytes - left.committedBytes)
    .map(({ name, committedBytes, usedBytes, physicalBytes }) => ({
      name,
      usedMb: round1(usedBytes / MB),
      committedMb: round1(committedBytes / MB),
      physicalMb: round1(physicalBytes / MB),
      usedPct: Math.round((100 * usedBytes) / committedBytes),
    }))
}

/** Native addons of the process by package, from its memory map. */
export function addonsOf(maps: string): string[] {
  const files = maps.match(/\/\S+\.node$/gm) ?? []
  const names = files.map((file) => {
    const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)
    return inPackage?.[1] ?? file
  })
  return [...new Set(names)]
}

export function round1(value: number): number {
  return Math.round(value * 10) / 10
}
