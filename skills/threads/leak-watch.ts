import type { SkillContext } from '../gateway/outside-part.ts'
import type { WorkerRelay } from '../gateway/relay.ts'
import type { JsonRecord } from '../json.ts'
import { floorGrowth, type Growth, type MemoryPoint, outsideGrowth } from '../vm/heap-growth.ts'
import { findLeak } from './leak-look.ts'
import type { ThreadReading } from './readings.ts'

const MB = 1_048_576
const OUTSIDE_POINTS = 12
/** From one look to the next: doubled each time, because what is not confirmed is likely no leak. */
const AGAIN_MS = 8000
const AGAIN_MOST_MS = 120_000
/** A finding serves those who ask, and is remembered for the crash that follows it. */
const FRESH_MS = 600_000
const RECENT_MS = 180_000
const NEAR_LIMIT = 0.85
/**
 * More by this, and by this share of its limit, and twice what it was: a reason to look, no proof. A thread that
 * waits in Atomics.wait tells of no collection.
 */
const RISEN_LEAST_BYTES = 8 * MB
const RISEN_MOST_BYTES = 12 * MB
const RISEN_SHARE = 0.12
/** At the pace so far the limit is that near: it is no mere warming up. */
const URGENT_MS = 60_000
/** A look that came to nothing because its thread was gone is taken anew soon. */
const RETRY_MS = 1500

/** How the memory of one thread grows. */
export interface ThreadGrowth extends Growth {
  readonly what: 'heap' | 'external'
  /** The floor under the heap rises: more than a heap that has not been collected for a while. */
  readonly isSure: boolean
}

/** What was found to grow in the threads of one entry. */
export interface Leak {
  readonly at: number
  readonly reading: ThreadReading
  readonly growth: ThreadGrowth
  /** Threads of the entry whose memory grows, and all of them. */
  readonly growing: number
  readonly threads: number
  readonly name: string
  readonly row: JsonRecord
}

/** Follows the memory of the threads, and looks closely at what grows before anybody is told. */
export class LeakWatch {
  readonly #context: SkillContext
  readonly #relay: WorkerRelay
  readonly #outside = new Map<number, MemoryPoint[]>()
  readonly #first = new Map<number, number>()
  readonly #leaks = new Map<string, Leak>()
  readonly #looks = new Map<string, { at: number; waitMs: number }>()
  #growing = new Map<number, ThreadGrowth>()
  #running: Promise<Leak | undefined> | undefined

  constructor(context: SkillContext, relay: WorkerRelay) {
    this.#context = context
    this.#relay = relay
  }

  /** A leak was found in the last minutes: what dies of memory now dies of it. */
  hasRecent(now: number): boolean {
    return [...this.#leaks.values()].some(({ at }) => now - at < RECENT_MS)
  }

  get growingThreads(): number {
    return this.#growing.size
  }

  /** Once a second. Returns what was newly confirmed, when a look is due and confirms it. */
  tick(readings: readonly ThreadReading[], now: number): Promise<Leak | undefined> | undefined {
    this.#growing = new Map()
    for (const reading of readings) {
      const growth = this.#growthOf(reading)
      if (growth !== undefined) this.#growing.set(reading.threadId, growth)
    }
    this.#forget(readings)
    if (this.#running !== undefined) return undefined
    const worst = readings
      .filter(({ threadId, entry }) => this.#growing.has(threadId) && this.#isDue(entry, now))
      .toSorted((left, right) => this.#grownBy(right) - this.#grownBy(left))[0]
    return worst === undefined ? undefined : this.#look(worst, readings, now)
  }

  /** What was found in the last ten minutes, the newest first. Waits for the look under way. */
  async leaks(now: number): Promise<Leak[]> {
    await this.#running
    return [...this.#leaks.values()]
      .filter(({ at }) => now - at < FRESH_MS)
      .toSorted((left, right) => right.at - left.at)
  }

  #growthOf(reading: ThreadReading): ThreadGrowth | undefined {
    const { threadId, floors, heapUsedBytes, heapLimitBytes, externalBytes, beatAt } = reading
    const points = this.#outside.get(threadId) ?? []
    if (points.at(-1)?.at !== beatAt) points.push({ at: beatAt, bytes: externalBytes })
    this.#outside.set(threadId, points.slice(-OUTSIDE_POINTS))
    const first = this.#first.get(threadId) ?? heapUsedBytes
    this.#first.set(threadId, first)
    const heap = floorGrowth(floors)
    if (heap !== undefined) return { what: 'heap', isSure: true, ...heap }
    const outside = outsideGrowth(points)
    if (outside !== undefined) return { what: 'external', isSure: true, ...outside }
    const isNear = heapUsedBytes > heapLimitBytes * NEAR_LIMIT && heapLimitBytes > 0
    const most = Math.min(RISEN_MOST_BYTES, heapLimitBytes * RISEN_SHARE)
    const hasRisen =
      heapUsedBytes > first * 2 && heapUsedBytes - first > Math.max(RISEN_LEAST_BYTES, most)
    if (!isNear && !hasRisen) return undefined
    const overMs = Math.max(1, beatAt - reading.startedAt)
    const pace = (heapUsedBytes - first) / overMs
    const isUrgent = (heapLimitBytes - heapUsedBytes) / Math.max(pace, 1e-9) < URGENT_MS
    const isSure = isNear || isUrgent
    return { what: 'heap', isSure, fromBytes: first, toBytes: heapUsedBytes, overMs }
  }

  #grownBy({ threadId }: ThreadReading): number {
    const growth = this.#growing.get(threadId)
    return growth === undefined ? 0 : growth.toBytes - growth.fromBytes
  }

  #isDue(entry: string, now: number): boolean {
    const look = this.#looks.get(entry)
    return look === undefined || now - look.at > look.waitMs
  }

  async #look(
    reading: ThreadReading,
    readings: readonly ThreadReading[],
    now: number,
  ): Promise<Leak | undefined> {
    const { entry, threadId } = reading
    const growth = this.#growing.get(threadId)
    if (growth === undefined) return undefined
    const waitMs = this.#looks.get(entry)?.waitMs ?? AGAIN_MS / 2
    this.#looks.set(entry, { at: now, waitMs: Math.min(waitMs * 2, AGAIN_MOST_MS) })
    const running = this.#find(reading, growth, readings, now).catch(() => {
      this.#looks.set(entry, { at: now, waitMs: RETRY_MS })
      return undefined
    })
    this.#running = running
    const leak = await running
    this.#running = undefined
    if (leak !== undefined) this.#leaks.set(entry, leak)
    return leak
  }

  async #find(
    reading: ThreadReading,
    growth: ThreadGrowth,
    readings: readonly ThreadReading[],
    now: number,
  ): Promise<Leak | undefined> {
    return this.#relay.with(reading.threadId, async (worker, name) => {
      const row = await findLeak(worker, this.#context, growth)
      if (row === undefined) return undefined
      const same = readings.filter(({ entry }) => entry === reading.entry)
      const growing = same.filter(({ threadId }) => this.#growing.has(threadId)).length
      const threads = same.length
      return { at: now, reading, growth, growing: Math.max(1, growing), threads, name, row }
    })
  }

  #forget(readings: readonly ThreadReading[]): void {
    const alive = new Set(readings.map(({ threadId }) => threadId))
    for (const threadId of this.#first.keys()) {
      if (alive.has(threadId)) continue
      this.#first.delete(threadId)
      this.#outside.delete(threadId)
    }
    if (this.#leaks.size > 100) this.#leaks.clear()
    if (this.#looks.size > 100) this.#looks.clear()
  }
}
