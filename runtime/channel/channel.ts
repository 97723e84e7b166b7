/**
 * Channels: what two actors in different threads have so much to say to each other that messages
 * are too slow. Records have fixed fields, lie in shared memory, and are neither cloned nor posted.
 */

import { acting } from '../current.ts'
import { checkKeys, checkName, checkNumber, checkOneOf } from '../options.ts'
import { printable } from '../wire.ts'
import { checkMayBlock } from './end.ts'
import { layOut, type RecordFields } from './layout.ts'
import { ChannelMemory, checkChannelBytes, createMemory, isMemoryOf } from './memory.ts'
import { ChannelReceiver } from './receiver.ts'
import { recordKind } from './record.ts'
import { type ChannelPolicy, ChannelSender } from './sender.ts'

export interface ChannelSpec<Fields extends RecordFields> {
  /** For errors and events. */
  readonly name: string
  /** The fields of a record, 1 to 64. */
  readonly record: Fields
  /** Records that may wait; a whole number from 1. Default 1024. All of it together: at most 1 GiB. */
  readonly capacity?: number
  /** Default `'reject'`. */
  readonly whenFull?: ChannelPolicy
  /** How long a `send` may block, milliseconds; only with `'block'`. Default 5000. */
  readonly blockMs?: number
}

/** One channel that was created: plain data to put into messages. Holds the channel's memory. */
export interface ChannelHandle {
  readonly type: 'channel'
  /** What the channel was declared as. */
  readonly declared: string
  readonly memory: SharedArrayBuffer
}

/** What `channel()` returns; export it from a module that both sides import. */
export interface ChannelDefinition<Fields extends RecordFields> {
  readonly name: string
  /** Makes a channel; its handle goes to whoever opens an end. */
  create(): ChannelHandle
  /**
   * Opens the end that writes, for the acting actor.
   *
   * @throws {TypeError} Not a handle of such a channel; `whenFull: 'block'` in the main or root thread.
   * @throws {ChannelTaken} It is open already.
   */
  sender(handle: unknown): ChannelSender<Fields>
  /**
   * Opens the end that reads, for the acting actor.
   *
   * @throws {TypeError} Not a handle of such a channel.
   * @throws {ChannelTaken} It is open already.
   */
  receiver(handle: unknown): ChannelReceiver<Fields>
}

const DEFAULT_CAPACITY = 1024
const MAX_CAPACITY = 2 ** 24
const DEFAULT_BLOCK_MS = 5000

/**
 * Declares channels of one kind: records of fixed fields, from one sender to one receiver.
 *
 * ```ts
 * export const ticks = channel({ name: 'ticks', record: { id: 'u32', price: 'f64' }, capacity: 8192 })
 *
 * const handle = ticks.create()
 * send(consumer, { type: 'ticks', handle })
 * const sender = ticks.sender(handle)
 * if (sender.room === 0) await sender.wait()
 * sender.send({ id: 7, price: 1.25 })
 *
 * const receiver = ticks.receiver(message.handle) // in the consumer
 * while ((await receiver.wait()) === 'ready') receiver.drain((tick) => add(tick.price))
 * ```
 *
 * @throws {TypeError} or {RangeError} The declaration is not as described.
 */
export function channel<const Fields extends RecordFields>(
  spec: ChannelSpec<Fields>,
): ChannelDefinition<Fields> {
  const { name, record, capacity, whenFull, blockMs } = checked(spec)
  const layout = layOut(`channel '${name}': record`, record)
  const shape = { units: layout.units, capacity }
  checkChannelBytes(`channel '${name}'`, shape)
  const declared = JSON.stringify({ name, record, capacity, whenFull, blockMs })
  const kind = recordKind(layout)
  const memoryOf = (what: string, handle: unknown): ChannelMemory => {
    if (isHandle(handle) && handle.declared === declared && isMemoryOf(handle.memory, shape)) {
      return new ChannelMemory(handle.memory, shape)
    }
    const came = isHandle(handle) ? `that of a channel ${handle.declared}` : printable(handle)
    throw new TypeError(
      `${name}.${what}: expected what ${name}.create() returned, of a channel ${declared}, got ${came}.`,
    )
  }
  return {
    name,
    create: () => ({ type: 'channel', declared, memory: createMemory(shape) }),
    sender: (handle) => {
      const memory = memoryOf('sender', handle)
      const owner = acting(`${name}.sender`)
      if (whenFull === 'block') checkMayBlock(`${name}.sender: whenFull: 'block'`, owner.kernel)
      return new ChannelSender(owner, memory, { name, kind, whenFull, blockMs })
    },
    receiver: (handle) => {
      const memory = memoryOf('receiver', handle)
      const owner = acting(`${name}.receiver`)
      return new ChannelReceiver(owner, memory, { name, kind })
    },
  }
}

function checked<Fields extends RecordFields>(
  spec: ChannelSpec<Fields>,
): Required<ChannelSpec<Fields>> {
  checkKeys('channel', spec, ['name', 'record', 'capacity', 'whenFull', 'blockMs'])
  checkName('channel: name', spec.name)
  const { name, record, capacity = DEFAULT_CAPACITY, whenFull = 'reject' } = spec
  const what = `channel '${name}'`
  checkNumber(`${what}: capacity`, capacity, { min: 1, max: MAX_CAPACITY, integer: true })
  checkOneOf(`${what}: whenFull`, whenFull, ['reject', 'drop-newest', 'block'])
  if (spec.blockMs !== undefined && whenFull !== 'block') {
    throw new TypeError(`${what}: blockMs is for whenFull: 'block', which waits.`)
  }
  const { blockMs = DEFAULT_BLOCK_MS } = spec
  checkNumber(`${what}: blockMs`, blockMs)
  return { name, record, capacity, whenFull, blockMs }
}

function isHandle(value: unknown): value is ChannelHandle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'channel' &&
    'declared' in value &&
    typeof value.declared === 'string' &&
    'memory' in value
  )
}
