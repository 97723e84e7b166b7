/**
 * How signals lie in a lane. A value is a tag and what follows it; numbers of 7 bits and more are
 * written 7 bits a byte, the lowest first, the top bit says that more follow.
 */

import type { Pid } from './pid.ts'
import type { Signal } from './signal.ts'

/** The signals that can go by a lane. */
export type LaneSignal = Extract<Signal, { type: 'message' | 'call' | 'reply' | 'cast' }>

/** The receiver of the last signal, and the sender of the last call. */
export interface Correspondents {
  readonly to: Pid | undefined
  readonly from: Pid | undefined
}

/** Before the next signal so many came by the port, since the two threads know each other. */
export const MARK = 0
export const MESSAGE = 1
export const CALL = 2
export const REPLY = 3
export const CAST = 4
/** Added to those: it goes to the same actor as the one before. */
export const SAME = 8
/** Added to a call: it comes from the same actor as the one before. */
export const SAME_FROM = 16

export const UNDEFINED = 0
export const NULL = 1
export const TRUE = 2
export const FALSE = 3
/** The sign is the lowest bit. */
export const INTEGER = 4
/** Eight bytes. */
export const DOUBLE = 5
/** A byte for each code unit, after their number. */
export const NARROW = 6
/** Two bytes for each code unit, after their number. */
export const WIDE = 7
/** So many values. */
export const ARRAY = 8
/** Keys and values; a key is its length in one byte and a byte for each code unit. */
export const OBJECT = 9
/** In the place of a key's length. */
export const END = 255
export const LONGEST_KEY = 254
/** This tag and greater ones are the numbers from 0 to 127. */
export const SMALL = 128

/** Bytes that the encoding of a signal may have; greater ones go by the port. */
export const LARGEST = 2048
/** What must be free for any signal: the ends of its objects and a mark are not counted above. */
export const ENTRY_ROOM = LARGEST + 128
