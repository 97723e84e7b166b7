import { existsSync, readFileSync } from 'node:fs'
import { BOARD_OFFSET } from '../probe/layout.ts'
import type { MemoryPoint } from '../vm/heap-growth.ts'
import {
  FLOOR_SLOTS,
  SLOT_ALIVE,
  SLOT_ENDED,
  SLOT_FREE,
  SLOT_GAUGE,
  SLOT_WORD,
  SLOTS,
  type SlotViews,
  slotViews,
} from './board.ts'

/** What one thread of the application tells of itself. Times in epoch milliseconds. */
export interface ThreadReading {
  readonly threadId: number
  /** 0: unknown. */
  readonly kernelId: number
  /** The file that it runs; `[worker eval]` of a text, `[data url]`. */
  readonly entry: string
  readonly startedAt: number
  readonly beatAt: number
  readonly heartbeatMs: number
  readonly beats: number
  readonly loopActiveMs: number
  readonly loopIdleMs: number
  readonly heapUsedBytes: number
  readonly heapLimitBytes: number
  readonly externalBytes: number
  readonly gcTotalMs: number
  /** It waits in `Atomics.wait` at this moment, and has done so for so long in all. */
  readonly isWaiting: boolean
  readonly waitedMs: number
  /** Heap in use right after each of the last major collections, oldest first. */
  readonly floors: readonly MemoryPoint[]
}

/** What the kernel has counted for a thread since it began, milliseconds. */
export interface Schedule {
  readonly runMs: number
  /** Runnable, but without a CPU. */
  readonly waitMs: number
}

/** The threads on the board. */
export class Board {
  readonly #slots: readonly SlotViews[]

  constructor(memory: SharedArrayBuffer) {
    this.#slots = Array.from({ length: SLOTS }, (_, slot) => slotViews(memory, BOARD_OFFSET, slot))
  }

  /** Those that live; the slots of those that are gone become free. */
  read(): ThreadReading[] {
    const readings: ThreadReading[] = []
    for (const views of this.#slots) {
      const state = Atomics.load(views.words, SLOT_WORD.state)
      if (state !== SLOT_ALIVE && state !== SLOT_ENDED) continue
      const reading = readSlot(views)
      if (state === SLOT_ALIVE && isThere(reading.kernelId)) readings.push(reading)
      else Atomics.compareExchange(views.words, SLOT_WORD.state, state, SLOT_FREE)
    }
    return readings
  }

  get isFull(): boolean {
    return this.#slots.every(({ words }) => Atomics.load(words, SLOT_WORD.state) !== SLOT_FREE)
  }
}

function readSlot({ words, gauges, floors, entry }: SlotViews): ThreadReading {
  const gauge = (name: keyof typeof SLOT_GAUGE): number => gauges[SLOT_GAUGE[name]] ?? 0
  const written = Atomics.load(words, SLOT_WORD.floors)
  const points: MemoryPoint[] = []
  for (let index = Math.max(0, written - FLOOR_SLOTS); index < written; index += 1) {
    const slot = (index % FLOOR_SLOTS) * 2
    points.push({ at: floors[slot] ?? 0, bytes: floors[slot + 1] ?? 0 })
  }
  const bytes = Uint8Array.from(entry.subarray(0, words[SLOT_WORD.entryBytes] ?? 0))
  return {
    threadId: words[SLOT_WORD.threadId] ?? 0,
    kernelId: words[SLOT_WORD.kernelId] ?? 0,
    entry: new TextDecoder().decode(bytes),
    startedAt: gauge('startedAt'),
    beatAt: gauge('beatAt'),
    heartbeatMs: gauge('heartbeatMs'),
    beats: Atomics.load(words, SLOT_WORD.beats),
    loopActiveMs: gauge('loopActiveMs'),
    loopIdleMs: gauge('loopIdleMs'),
    heapUsedBytes: gauge('heapUsedBytes'),
    heapLimitBytes: gauge('heapLimitBytes'),
    externalBytes: gauge('externalBytes'),
    gcTotalMs: gauge('gcTotalMs'),
    isWaiting: Atomics.load(words, SLOT_WORD.waiting) === 1,
    waitedMs: gauge('waitedMs'),
    floors: points,
  }
}

/** A thread that was terminated could not say so. */
function isThere(kernelId: number): boolean {
  return kernelId === 0 || existsSync(`/proc/self/task/${kernelId}`)
}

/** Some 10 microseconds; undefined without /proc. */
export function readSchedule(kernelId: number): Schedule | undefined {
  if (kernelId === 0) return undefined
  try {
    const text = readFileSync(`/proc/self/task/${kernelId}/schedstat`, 'utf8')
    const [run = '0', wait = '0'] = text.split(' ')
    return { runMs: Number(run) / 1e6, waitMs: Number(wait) / 1e6 }
  } catch {
    return undefined
  }
}
