/**
 * What the runtime tells through `node:diagnostics_channel`, a channel `nodelens:<group>:<event>`
 * each. A thread publishes on its own channels, and tells the thread that started the runtime while
 * somebody listens there; one shared number says so, and reading it is all that it costs otherwise.
 */

import diagnosticsChannel, { type Channel } from 'node:diagnostics_channel'
import type { Kernel } from './kernel.ts'
import type { LifeEvent } from './life-event.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { toCloneable } from './wire.ts'

/** Every event of the runtime, by group. `docs/telemetry.md` says when. */
export const runtimeEvents = {
  process: ['started', 'exited', 'restarted'],
  thread: ['started', 'exited'],
  mailbox: ['high-water', 'bound-hit'],
  channel: ['bound-hit'],
  report: [
    'crash',
    'server',
    'unhandled-message',
    'supervisor',
    'progress',
    'application',
    'thread',
    'shutdown',
  ],
} as const satisfies Record<string, readonly string[]>

export type RuntimeEventName =
  | `process:${(typeof runtimeEvents.process)[number]}`
  | `thread:${(typeof runtimeEvents.thread)[number]}`
  | `mailbox:${(typeof runtimeEvents.mailbox)[number]}`
  | `channel:${(typeof runtimeEvents.channel)[number]}`
  | `report:${(typeof runtimeEvents.report)[number]}`

/** An event on its way to the main thread. */
export interface Telling {
  readonly event: RuntimeEventName
  readonly at: number
  readonly data: object
}

/** How often the main thread looks whether somebody listens, milliseconds. */
const LOOK_MS = 500
const PREFIX = 'nodelens:'

interface Line {
  /** Kept here, as Node keeps a channel only as long as somebody else does. */
  readonly channel: Channel
  /** Says in the shared number that the main thread listens to this. */
  readonly bit: number
}

const lines: Readonly<Record<RuntimeEventName, Line>> = {
  'process:started': line('process:started', 0),
  'process:exited': line('process:exited', 1),
  'process:restarted': line('process:restarted', 2),
  'thread:started': line('thread:started', 3),
  'thread:exited': line('thread:exited', 4),
  'mailbox:high-water': line('mailbox:high-water', 5),
  'mailbox:bound-hit': line('mailbox:bound-hit', 6),
  'report:crash': line('report:crash', 7),
  'report:server': line('report:server', 8),
  'report:unhandled-message': line('report:unhandled-message', 9),
  'report:supervisor': line('report:supervisor', 10),
  'report:progress': line('report:progress', 11),
  'report:application': line('report:application', 12),
  'report:thread': line('report:thread', 13),
  'report:shutdown': line('report:shutdown', 14),
  'channel:bound-hit': line('channel:bound-hit', 15),
}

function line(event: RuntimeEventName, position: number): Line {
  return { channel: diagnosticsChannel.channel(`${PREFIX}${event}`), bit: 1 << position }
}

/** Whether anybody would hear an event of this thread. */
export function isHeard(kernel: Kernel, event: RuntimeEventName): boolean {
  const { bit, channel } = lines[event]
  return (kernel.shared.listened & bit) !== 0 || channel.hasSubscribers
}

/** Tells an event if anybody listens. A subscriber that throws harms nobody: Node sees to that. */
export function tell(kernel: Kernel, event: RuntimeEventName, make: () => object): void {
  if (!isHeard(kernel, event)) return
  const at = Date.now()
  const data = toCloneable(make())
  if (typeof data !== 'object' || data === null) return
  publish({ event, at, data })
  if ((kernel.shared.listened & lines[event].bit) !== 0) kernel.tellMain({ event, at, data })
}

/** Publishes in this thread. */
export function publish({ event, at, data }: Telling): void {
  const { channel } = lines[event]
  if (channel.hasSubscribers) channel.publish({ ...data, at })
}

/**
 * Looks twice a second what of the runtime's events somebody in this thread listens to, and says so
 * to all its threads.
 *
 * @returns Ends it.
 */
export function watchListeners(kernel: Kernel): () => void {
  const look = (): void => {
    let heard = 0
    for (const { channel, bit } of Object.values(lines)) if (channel.hasSubscribers) heard |= bit
    kernel.shared.listened = heard
  }
  look()
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Births, deaths and restarts of this thread. */
export function tellLife(kernel: Kernel, event: LifeEvent): void {
  if (event.type === 'born') tell(kernel, 'process:started', () => bornFacts(event.process))
  else if (event.type === 'died') {
    tell(kernel, 'process:exited', () => ({ ...nameFacts(event.process), reason: event.reason }))
  } else {
    const { type: _, ...facts } = event
    tell(kernel, 'process:restarted', () => facts)
  }
}

function bornFacts(process: Process): object {
  const { parent, initialCall, kind } = process
  return { ...nameFacts(process), parent, initialCall, kind }
}

/** What an event says of the actor that it is about. */
export function nameFacts({ pid, id, name, label, kernel }: Process): {
  readonly pid: Pid
  readonly thread: number
} {
  return {
    pid,
    thread: kernel.ordinal,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(label === undefined ? {} : { label }),
  }
}
