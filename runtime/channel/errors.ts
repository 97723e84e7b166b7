import { registerErrorClass } from '../error-classes.ts'
import { RuntimeFailure } from '../errors.ts'
import type { Side } from './memory.ts'

/** The channel has as many unread records as it may; the record was not sent. */
export class ChannelFull extends RuntimeFailure {
  readonly channel: string
  readonly capacity: number
  constructor(channel: string, capacity: number, waitedMs: number | undefined) {
    const how = waitedMs === undefined ? '' : ` for ${waitedMs} ms`
    super(
      'ERR_CHANNEL_FULL',
      `${channel}: ${capacity} records wait to be read${how}, which is all that it takes; nothing was sent. Wait for room with 'await wait()', or read faster.`,
    )
    this.channel = channel
    this.capacity = capacity
  }
}

/** Each end of a channel is opened once, by one actor. */
export class ChannelTaken extends RuntimeFailure {
  readonly channel: string
  readonly end: Side
  readonly pid: string | undefined
  constructor(channel: string, end: Side, pid: string | undefined) {
    super(
      'ERR_CHANNEL_TAKEN',
      `${channel}: ${pid ?? 'another actor'} has the ${end}'s end already; a channel has one sender and one receiver for good. Create a channel for each pair.`,
    )
    this.channel = channel
    this.end = end
    this.pid = pid
  }
}

for (const failure of [ChannelFull, ChannelTaken]) registerErrorClass(failure)
