import { checkNumber } from '../options.ts'
import type { Process } from '../process.ts'
import { ChannelEnd } from './end.ts'
import type { RecordFields, RecordOf } from './layout.ts'
import { type ChannelMemory, distance, next } from './memory.ts'
import { newView, type RecordKind, RecordView } from './record.ts'

/** What a receiver must know of its channel. */
export interface ReceiverSpec {
  readonly name: string
  readonly kind: RecordKind
}

/** The sender is told of room at least after so many records that were read. */
const CHUNK = 1024

/** The end of a channel that reads. It belongs to the actor that opened it, and ends with it. */
export class ChannelReceiver<Fields extends RecordFields> extends ChannelEnd {
  readonly #kind: RecordKind
  readonly #view: RecordView & RecordOf<Fields>
  readonly #chunk: number
  #read: number
  /** Up to here the sender may write again. */
  #freed: number
  #isDraining = false

  constructor(owner: Process, memory: ChannelMemory, { name, kind }: ReceiverSpec) {
    super(owner, memory, name, 'receiver')
    this.#kind = kind
    this.#view = newView<RecordOf<Fields>>(kind.Readable, memory)
    this.#chunk = Math.min(CHUNK, Math.ceil(memory.capacity / 2))
    this.#read = memory.countOf('receiver')
    this.#freed = this.#read
  }

  /**
   * Calls `callback` for each record that is there now, oldest first, without waiting and without a
   * copy: all calls get the same object, which is another record each time and none afterwards. A
   * record counts as read when its callback is called; if that throws, the others stay.
   *
   * @param max Reads no more than so many. Default: all.
   * @returns How many were read.
   * @throws {TypeError} Called by its own callback.
   */
  drain(
    callback: (record: RecordOf<Fields>) => void,
    { max = Number.POSITIVE_INFINITY }: { readonly max?: number } = {},
  ): number {
    checkNumber(`${this.name}: drain: max`, max)
    if (this.#isDraining) {
      throw new TypeError(
        `${this.name}: drain: called by its own callback; return from that first.`,
      )
    }
    const first = this.#read
    const count = Math.min(this.size, Math.floor(max))
    this.#isDraining = true
    try {
      this.#each(count, callback)
    } finally {
      this.#isDraining = false
      RecordView.leave(this.#view)
      this.#free()
    }
    return distance(first, this.#read)
  }

  /** The oldest record as an object of its own; `undefined` if there is none now. */
  take(): RecordOf<Fields> | undefined {
    let taken: RecordOf<Fields> | undefined
    this.drain((record) => {
      taken = copyOf(record, this.#kind)
    }, ONE)
    return taken
  }

  protected override isReady(): boolean {
    return this.memory.countOf('sender') !== this.#read
  }

  #each(count: number, callback: (record: RecordOf<Fields>) => void): void {
    const { memory, owner } = this
    const view = this.#view
    const chunk = this.#chunk
    for (let left = count; left > 0 && owner.alive && !this.isClosed; left--) {
      RecordView.move(view, memory.placeOf(this.#read))
      this.#read = next(this.#read)
      callback(view)
      if (distance(this.#freed, this.#read) >= chunk) this.#free()
    }
  }

  /** What was read may be overwritten. */
  #free(): void {
    const count = distance(this.#freed, this.#read)
    if (count === 0) return
    this.#freed = this.#read
    this.memory.advance('receiver', count)
  }
}

const ONE = { max: 1 }

function copyOf<Fields extends RecordFields>(
  record: RecordOf<Fields>,
  kind: RecordKind,
): RecordOf<Fields>
function copyOf(record: Readonly<Record<string, unknown>>, { fields }: RecordKind): object {
  return Object.fromEntries(fields.map(({ name }) => [name, record[name]]))
}
