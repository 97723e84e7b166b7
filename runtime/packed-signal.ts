/**
 * Signals as they go through a port. The frequent ones are arrays: the clone of an object writes and
 * reads the name of every field, which costs as much as a small message itself.
 */

import type { LaneSignal } from './lane-format.ts'
import type { Pid, Ref } from './pid.ts'
import type { Signal } from './signal.ts'
import { unreachable } from './unreachable.ts'

const MESSAGE = 0
const CALL = 1
const REPLY = 2
const CAST = 3

export type PackedSignal =
  | Signal
  | readonly [typeof MESSAGE, Pid, unknown]
  | readonly [typeof CALL, Pid, Pid, Ref, string, unknown]
  | readonly [typeof REPLY, Pid, Ref, unknown]
  | readonly [typeof CAST, Pid, string, unknown]

/** Says that there is something in the lane. */
export const BELL = 0

/** The lane that the sender uses from now on. */
interface LaneOpening {
  readonly type: 'lane'
  readonly memory: SharedArrayBuffer
}

/** What goes through a port between two threads. */
export type PortMessage = PackedSignal | LaneOpening | typeof BELL

export function isOpening(message: PackedSignal | LaneOpening): message is LaneOpening {
  return 'type' in message && message.type === 'lane'
}

export function isLaneSignal(signal: Signal): signal is LaneSignal {
  const { type } = signal
  return type === 'message' || type === 'call' || type === 'reply' || type === 'cast'
}

export function pack(signal: Signal): PackedSignal {
  const { type, to } = signal
  if (type === 'message') return [MESSAGE, to, signal.message]
  if (type === 'call') return [CALL, to, signal.from, signal.ref, signal.name, signal.payload]
  if (type === 'reply') return [REPLY, to, signal.ref, signal.value]
  if (type === 'cast') return [CAST, to, signal.name, signal.payload]
  return signal
}

export function unpack(packed: PackedSignal): Signal {
  if (!isPacked(packed)) return packed
  switch (packed[0]) {
    case MESSAGE:
      return { type: 'message', to: packed[1], message: packed[2] }
    case CALL: {
      const [, to, from, ref, name, payload] = packed
      return { type: 'call', to, from, ref, name, payload }
    }
    case REPLY:
      return { type: 'reply', to: packed[1], ref: packed[2], value: packed[3] }
    case CAST:
      return { type: 'cast', to: packed[1], name: packed[2], payload: packed[3] }
    default:
      return unreachable(packed)
  }
}

function isPacked(packed: PackedSignal): packed is Exclude<PackedSignal, Signal> {
  return Array.isArray(packed)
}
