import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import type { GatewaySignal } from '../gateway/signal.ts'
import { floorGrowth, type Growth, type MemoryPoint, outsideGrowth } from './heap-growth.ts'

/** One point a second of memory outside the heap. */
const OUTSIDE_POINTS = 12
/** Seconds in which a scavenge is likely: the least of them is the heap without its nursery. */
const USE_POINTS = 4
const LOOK_BYTES = 4 * 1_048_576
const LOOK_SHARE = 0.25
/** After a signal the next comes only when memory has grown by this factor again. */
const AGAIN_FACTOR = 1.5

/** Share of the heap limit from which the floor alone is a signal, once. */
const NEAR_LIMIT = 0.75

/** Reads main's memory from the shared memory once a second and signals steady growth. */
export class HeapWatch {
  readonly #reader: HeartbeatReader
  readonly #emit: (signal: GatewaySignal) => void
  #outside: MemoryPoint[] = []
  #saidHeapBytes = 0
  #saidLimit = false
  #firstBytes = 0
  #saidOutsideBytes = 0
  #used: number[] = []
  #lookedBytes = 0
  readonly #look: () => void

  /** @param look There is a reason to look at what fills the heap, though nothing is proven. */
  constructor(
    reader: HeartbeatReader,
    emit: (signal: GatewaySignal) => void,
    look: () => void = () => {},
  ) {
    this.#reader = reader
    this.#emit = emit
    this.#look = look
  }

  /** Growth of the heap's floor and of the memory outside it, as known now. */
  growth(): { heap: Growth | undefined; external: Growth | undefined } {
    return { heap: floorGrowth(this.floors()), external: outsideGrowth(this.#outside) }
  }

  /** Heap in use has doubled, and grown by 40 MB, since the watch began: no proof, a reason to look. */
  get hasRisen(): boolean {
    const used = this.#reader.gauge('heapUsedBytes')
    return used > this.#firstBytes * 2 && used - this.#firstBytes > 40 * 1_048_576
  }

  /** Heap in use right after each major collection, oldest first. */
  floors(): MemoryPoint[] {
    const majors = this.#reader.gcEvents().filter((event) => event.kind === 'major')
    return majors.map((event) => ({ at: event.at, bytes: event.heapUsedBytes }))
  }

  /** Called once a second. */
  tick(): void {
    const at = this.#reader.gauge('memoryAt')
    if (at === this.#outside.at(-1)?.at) return
    if (this.#firstBytes === 0) this.#firstBytes = this.#reader.gauge('heapUsedBytes')
    this.#outside = [...this.#outside, { at, bytes: this.#reader.gauge('externalBytes') }].slice(
      -OUTSIDE_POINTS,
    )
    this.#watchUse()
    const { heap, external } = this.growth()
    if (heap !== undefined && heap.toBytes > this.#saidHeapBytes * AGAIN_FACTOR) {
      this.#saidHeapBytes = heap.toBytes
      this.#say('heap', heap)
    }
    this.#watchLimit()
    if (external !== undefined && external.toBytes > this.#saidOutsideBytes * AGAIN_FACTOR) {
      this.#saidOutsideBytes = external.toBytes
      this.#say('external', external)
    }
  }

  /**
   * What is left between two collections of the young generation rises with garbage as well as with live
   * data, long before V8 collects the old one: no proof, and a reason to look that comes ever more rarely.
   */
  #watchUse(): void {
    this.#used = [...this.#used, this.#reader.gauge('heapUsedBytes')].slice(-USE_POINTS)
    if (this.#used.length < USE_POINTS) return
    const least = Math.min(...this.#used)
    if (this.#lookedBytes === 0 || least < this.#lookedBytes) this.#lookedBytes = least
    const rise = Math.max(LOOK_BYTES, this.#lookedBytes * LOOK_SHARE)
    if (least - this.#lookedBytes < rise) return
    this.#lookedBytes = least
    this.#look()
  }

  /** The live data itself is near the limit, however it got there. */
  #watchLimit(): void {
    const floors = this.floors()
    const first = floors[0]
    const last = floors.at(-1)
    if (first === undefined || last === undefined || this.#saidLimit) return
    if (last.bytes < this.#reader.gauge('oldLimitBytes') * NEAR_LIMIT) return
    this.#saidLimit = true
    this.#say('heap', { fromBytes: first.bytes, toBytes: last.bytes, overMs: last.at - first.at })
  }

  #say(what: 'heap' | 'external', growth: Growth): void {
    const limit = this.#reader.gauge('oldLimitBytes')
    const usedPct =
      Math.round((1000 * this.#reader.gauge('heapUsedBytes')) / Math.max(limit, 1)) / 10
    this.#emit({ type: 'heap', what, ...growth, usedPct })
  }
}
