import { checkNumber } from '../options.ts'
import type { Process } from '../process.ts'
import { nameFacts, tell } from '../telemetry.ts'
import { ChannelEnd } from './end.ts'
import { ChannelFull } from './errors.ts'
import type { RecordFields, RecordOf, Writable } from './layout.ts'
import { type ChannelMemory, distance, next } from './memory.ts'
import { newView, type RecordKind, RecordView, writeRecord } from './record.ts'

/**
 * What happens to a record that is sent while the channel is full.
 *
 * - `reject`: `send` throws `ChannelFull`.
 * - `drop-newest`: the record is dropped and counted.
 * - `block`: the sender's whole thread sleeps until there is room, `blockMs` at most, and then `send`
 *   throws `ChannelFull`.
 */
export type ChannelPolicy = 'reject' | 'drop-newest' | 'block'

/** What a sender must know of its channel. */
export interface SenderSpec {
  readonly name: string
  readonly kind: RecordKind
  readonly whenFull: ChannelPolicy
  readonly blockMs: number
}

/** Records of a `fill` that become readable together. */
const CHUNK = 256
/** At most one event in this time, milliseconds. */
const WINDOW_MS = 1000

/** The end of a channel that writes. It belongs to the actor that opened it, and ends with it. */
export class ChannelSender<Fields extends RecordFields> extends ChannelEnd {
  readonly #spec: SenderSpec
  readonly #kind: RecordKind
  readonly #capacity: number
  #written: number
  /** Up to here the receiver may read. */
  #published: number
  readonly #view: RecordView & Writable<RecordOf<Fields>>
  #isFilling = false
  /** What the receiver had read when that was last looked at. */
  #readBefore: number
  #dropped = 0
  #hits = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(owner: Process, memory: ChannelMemory, spec: SenderSpec) {
    super(owner, memory, spec.name, 'sender')
    this.#spec = spec
    this.#kind = spec.kind
    this.#capacity = memory.capacity
    this.#written = memory.countOf('sender')
    this.#view = newView<Writable<RecordOf<Fields>>>(spec.kind.Writable, memory)
    this.#published = this.#written
    this.#readBefore = memory.countOf('receiver')
  }

  /** Records that were not sent since the channel was opened: it was full, and that is its policy. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * How many records can be sent now; there may be room for more, as what was read since is looked
   * at only when there seems to be none.
   */
  get room(): number {
    if (this.seemsOver) return 0
    const known = this.#capacity - distance(this.#readBefore, this.#written)
    if (known > 0) return known
    this.#readBefore = this.memory.countOf('receiver')
    return this.#capacity - distance(this.#readBefore, this.#written)
  }

  /**
   * Writes one record. When it returns the record is in shared memory: it arrives also if this
   * thread ends at once.
   *
   * @returns False: it was dropped, or the receiver has ended (`ended` says why), or this end is closed.
   * @throws {ChannelFull} There is no room, and the policy is `reject`, or `block` and it took too long.
   * @throws {TypeError} or {RangeError} The record is not as declared; nothing was sent.
   */
  send(record: RecordOf<Fields>): boolean {
    this.#checkIsNotFilling('send')
    if (this.room === 0 && (this.seemsOver || !this.#finds())) return false
    const { memory } = this
    writeRecord(memory, memory.placeOf(this.#written), this.#kind, record)
    this.#written = next(this.#written)
    this.#publish()
    return true
  }

  /**
   * Writes several records where they will lie, without objects: calls `callback` for each with the
   * same record, empty each time (0, no text, no bytes), to set its fields. They become readable
   * together, at most 256 at a time and the rest at the end; that costs less than one by one. It
   * writes no more than there is room for, and drops nothing.
   *
   * @param count How many to write. Default: as many as there is room for.
   * @param callback Gets the record and its number within this call, from 0. If it throws, that record
   *   is not sent, but those before are.
   * @returns How many were written.
   * @throws {TypeError} Called by its own callback.
   */
  fill(
    callback: (record: Writable<RecordOf<Fields>>, index: number) => void,
    { count = Number.POSITIVE_INFINITY }: { readonly count?: number } = {},
  ): number {
    checkNumber(`${this.name}: fill: count`, count)
    this.#checkIsNotFilling('fill')
    if (this.seemsOver) return 0
    this.#readBefore = this.memory.countOf('receiver')
    const first = this.#written
    this.#isFilling = true
    try {
      this.#each(Math.min(this.room, Math.floor(count)), callback)
    } finally {
      this.#isFilling = false
      RecordView.leave(this.#view)
      this.#publish()
    }
    return distance(first, this.#written)
  }

  protected override isReady(): boolean {
    return this.room > 0
  }

  protected override closing(): void {
    this.#publish()
    if (this.#hits > 0) this.#tell()
  }

  #each(
    count: number,
    callback: (record: Writable<RecordOf<Fields>>, index: number) => void,
  ): void {
    const view = this.#view
    for (let index = 0; index < count && !this.seemsOver; index++) {
      RecordView.clear(view, this.memory.placeOf(this.#written))
      callback(view, index)
      this.#written = next(this.#written)
      if (distance(this.#published, this.#written) >= CHUNK) this.#publish()
    }
  }

  #checkIsNotFilling(what: string): void {
    if (!this.#isFilling) return
    throw new TypeError(
      `${this.name}: ${what}: called by the callback of fill, which sets the fields of one record.`,
    )
  }

  #publish(): void {
    const count = distance(this.#published, this.#written)
    if (count === 0) return
    this.#published = this.#written
    this.memory.advance('sender', count)
  }

  /** Room for one more record, in the way that was declared. */
  #finds(): boolean {
    const { name, whenFull, blockMs } = this.#spec
    this.#hit(whenFull !== 'block')
    if (whenFull === 'drop-newest') return false
    if (whenFull === 'reject') throw new ChannelFull(name, this.#capacity, undefined)
    const waited = this.sleep(blockMs)
    if (waited !== 'timeout') return waited === 'ready'
    this.#dropped++
    throw new ChannelFull(name, this.#capacity, blockMs)
  }

  #hit(isDropped: boolean): void {
    if (isDropped) this.#dropped++
    this.#hits++
    if (performance.now() - this.#toldAt >= WINDOW_MS) this.#tell()
  }

  #tell(): void {
    const { name: channel, whenFull: policy } = this.#spec
    const { kernel } = this.owner
    const [count, total, capacity] = [this.#hits, this.#dropped, this.#capacity]
    this.#toldAt = performance.now()
    this.#hits = 0
    tell(kernel, 'channel:bound-hit', () => ({
      ...nameFacts(this.owner),
      channel,
      policy,
      capacity,
      count,
      total,
    }))
  }
}
