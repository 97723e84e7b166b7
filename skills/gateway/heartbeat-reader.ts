import { getHeapSpaceStatistics } from 'node:v8'
import { isRecord, parseJson } from '../json.ts'
import {
  GAUGE,
  GC_FIELDS,
  GC_SLOTS,
  type HeartbeatViews,
  LATENESS_SLOTS,
  PAUSE_BUCKETS_MS,
  SPACE_FIELDS,
  SPACE_SLOTS,
  viewsOf,
  WORD,
} from '../probe/layout.ts'

/** One listed garbage collection of main: every major one, and minor ones from 20 ms. */
export interface GcEvent {
  readonly at: number
  readonly kind: 'major' | 'minor' | 'incremental' | 'weak-callbacks'
  readonly durationMs: number
  /** Heap and outside memory right after a major collection; 0 for the others. */
  readonly heapUsedBytes: number
  readonly externalBytes: number
}

/** One space of main's V8 heap. */
export interface HeapSpace {
  readonly name: string
  /** Taken from the system, of that in use, and of that in physical memory. */
  readonly committedBytes: number
  readonly usedBytes: number
  readonly physicalBytes: number
}

/** V8 lists them in the same order in every thread. */
const SPACE_NAMES: readonly string[] = getHeapSpaceStatistics().map(({ space_name: name }) => name)

/** An uncaught error as main wrote it down. */
export interface CrashReport {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly origin: string
  /** The application handles it and lives on. */
  readonly survives: boolean
}

/** Reads what main wrote into the shared memory; never blocks, never asks main. */
export class HeartbeatReader {
  readonly #views: HeartbeatViews

  constructor(memory: SharedArrayBuffer) {
    this.#views = viewsOf(memory)
  }

  get words(): Int32Array {
    return this.#views.words
  }

  get beats(): number {
    return Atomics.load(this.#views.words, WORD.beats)
  }

  get beatAt(): number {
    return this.gauge('beatAt')
  }

  get isInstalled(): boolean {
    return Atomics.load(this.#views.words, WORD.probe) === 1
  }

  gauge(name: keyof typeof GAUGE): number {
    return this.#views.gauges[GAUGE[name]] ?? 0
  }

  /** The listed collections, oldest first. */
  gcEvents(): GcEvent[] {
    const { words, gc } = this.#views
    const written = Atomics.load(words, WORD.gcEvents)
    const events: GcEvent[] = []
    for (let index = Math.max(0, written - GC_SLOTS); index < written; index += 1) {
      const base = (index % GC_SLOTS) * GC_FIELDS
      events.push({
        at: gc[base] ?? 0,
        kind: kindName(gc[base + 1] ?? 0),
        durationMs: gc[base + 2] ?? 0,
        heapUsedBytes: gc[base + 3] ?? 0,
        externalBytes: gc[base + 4] ?? 0,
      })
    }
    return events
  }

  /** How many minor or major collections paused main for how long, by PAUSE_BUCKETS_MS, since the probe came. */
  pauses(kind: 'minor' | 'major'): number[] {
    const width = PAUSE_BUCKETS_MS.length + 1
    const from = kind === 'minor' ? 0 : width
    return [...this.#views.pauses.subarray(from, from + width)]
  }

  /** The spaces of main's heap, as of `memoryAt`; empty before main has read them. */
  spaces(): HeapSpace[] {
    const { spaces } = this.#views
    return SPACE_NAMES.slice(0, SPACE_SLOTS).map((name, index) => {
      const base = index * SPACE_FIELDS
      return {
        name,
        committedBytes: spaces[base] ?? 0,
        usedBytes: spaces[base + 1] ?? 0,
        physicalBytes: spaces[base + 2] ?? 0,
      }
    })
  }

  /** How late the timers of the last minute were, in milliseconds, sorted. */
  latenesses(): number[] {
    const { words, lateness } = this.#views
    const count = Math.min(words[WORD.latenesses] ?? 0, LATENESS_SLOTS)
    return [...lateness.subarray(0, count)].sort((left, right) => left - right)
  }

  /** Lateness of the newest beats, oldest first. */
  recentLatenesses(count: number): number[] {
    const { words, lateness } = this.#views
    const written = words[WORD.latenesses] ?? 0
    const values: number[] = []
    for (
      let index = Math.max(0, written - Math.min(count, LATENESS_SLOTS));
      index < written;
      index += 1
    ) {
      values.push(lateness[index % LATENESS_SLOTS] ?? 0)
    }
    return values
  }

  /** The report of a crash, if one is waiting. */
  crashReport(): CrashReport | undefined {
    const { words, crash } = this.#views
    if (Atomics.load(words, WORD.crash) !== 1) return undefined
    const bytes = Uint8Array.from(crash.subarray(0, words[WORD.crashBytes] ?? 0))
    return parseCrash(new TextDecoder().decode(bytes))
  }
}

/** Value at a share of a sorted list; 0 of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function kindName(kind: number): GcEvent['kind'] {
  if (kind === 4) return 'major'
  if (kind === 8) return 'incremental'
  return kind === 16 ? 'weak-callbacks' : 'minor'
}

function parseCrash(text: string): CrashReport {
  const word = (value: unknown, otherwise: string): string =>
    typeof value === 'string' ? value : otherwise
  try {
    const seen: unknown = parseJson(text)
    if (!isRecord(seen)) throw new TypeError('no record')
    return {
      name: word(seen['name'], 'Error'),
      message: word(seen['message'], ''),
      origin: word(seen['origin'], 'uncaughtException'),
      survives: seen['survives'] === true,
      ...(typeof seen['stack'] === 'string' ? { stack: seen['stack'] } : {}),
      ...(typeof seen['code'] === 'string' ? { code: seen['code'] } : {}),
    }
  } catch {
    return { name: 'Error', message: 'the report was cut off', origin: 'unknown', survives: false }
  }
}
