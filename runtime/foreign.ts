/**
 * What is no actor as a child of the tree: a `Worker` or a child process that somebody else's code
 * runs. A server stands for it: it starts it, waits until it can work, ends with its exit reason,
 * and ends it in order. So links, monitors, restarts and the tree are those of any actor.
 */

import type { EventEmitter } from 'node:events'
import { runAs } from './context.ts'
import { acting } from './current.ts'
import {
  type Next,
  type Reply,
  type ServerContext,
  type ServerDefinition,
  server,
} from './definition.ts'
import { Exit } from './errors.ts'
import { type ExitReason, errorReason, isAbnormal } from './exit-reason.ts'
import { checkNumber } from './options.ts'
import type { Placement } from './placement.ts'
import type { Process } from './process.ts'
import { reportUnhandled } from './server-report.ts'
import { isExitMessage } from './signal.ts'

/** What a foreign child is to the server that stands for it. */
export interface Foreign {
  /** Resolves when it can work. */
  readonly ready: Promise<void>
  /** Resolves when it is gone; never rejects. */
  readonly exited: Promise<ExitReason>
  readonly identity: ForeignIdentity
  /** @throws What cannot be sent to it. */
  post(message: unknown): void
  /** What to do with a message of it. */
  handle(message: unknown): void
  /** Asks it to end; it may take its time. */
  askToEnd(): void
  kill(): void
}

/** Calls `found` at its first message, or at the first of which `ready` says so. */
export function whenMessage(
  source: EventEmitter,
  ready: 'message' | ((message: unknown) => boolean),
  found: () => void,
): void {
  const look = (message: unknown): void => {
    if (ready !== 'message' && !ready(message)) return
    source.off('message', look)
    found()
  }
  source.on('message', look)
}

/** Which one it is. Both are 0 before it runs. */
export interface ForeignIdentity {
  readonly type: 'worker' | 'process'
  /** `worker.threadId`, or the process id. */
  readonly id: number
}

export interface ForeignSpec<Args> {
  readonly name: string
  readonly readyMs: number | undefined
  readonly placement: Placement | undefined
  /** @param deliver Gets its messages; each comes back to `handle` in its turn. */
  readonly open: (args: Args, deliver: (message: unknown) => void) => Foreign
}

/** Calls of the server that stands for a foreign child. */
export interface ForeignCalls {
  identity(state: Foreign): Reply<Foreign, ForeignIdentity>
}

export type ForeignDefinition<Args> = ServerDefinition<
  Args,
  ForeignCalls,
  Readonly<Record<never, never>>
>

/** Default of `readyMs`. */
const READY_MS = 30_000

/** It ended; in the mailbox behind what came before. */
class ForeignEnd {
  readonly reason: ExitReason
  constructor(reason: ExitReason) {
    this.reason = reason
  }
}

class ForeignMessage {
  readonly message: unknown
  constructor(message: unknown) {
    this.message = message
  }
}

export function defineForeign<Args>(
  meta: { readonly url: string },
  spec: ForeignSpec<Args>,
): ForeignDefinition<Args> {
  const { name, readyMs = READY_MS, placement = 'caller' } = spec
  checkNumber(`'${name}': readyMs`, readyMs)
  return server(meta, {
    name,
    placement,
    trapExit: true,
    init: (args: Args, context) => begin(args, context, { ...spec, readyMs }),
    calls: {
      identity: (foreign: Foreign): Reply<Foreign, ForeignIdentity> => ({
        reply: foreign.identity,
        state: foreign,
      }),
    },
    info: (foreign: Foreign, message: unknown) => heard(acting(name), name, foreign, message),
    /** Bounded by the supervisor's `shutdown`: after it comes a kill, which kills the foreign too. */
    terminate: async (foreign: Foreign): Promise<void> => {
      foreign.askToEnd()
      await foreign.exited
    },
  })
}

async function begin<Args>(
  args: Args,
  context: ServerContext,
  { name, open, readyMs }: ForeignSpec<Args> & { readonly readyMs: number },
): Promise<Foreign> {
  const own = acting(name)
  const foreign: Foreign = open(args, (message) => {
    if (own.status === 'terminating') lastWord(own, name, foreign, message)
    else if (own.alive) own.push(new ForeignMessage(message))
  })
  context.signal.addEventListener('abort', () => foreign.kill(), { once: true })
  await untilReady(name, foreign, readyMs)
  const { type, id } = foreign.identity
  own.label = `${type} ${id}`
  context.later(
    foreign.exited,
    (outcome) => new ForeignEnd(outcome.ok ? outcome.value : errorReason(outcome.error)),
  )
  return foreign
}

/** The exit of somebody linked is meant for the stand-in, all else for the foreign. */
function heard(own: Process, name: string, foreign: Foreign, message: unknown): Next<Foreign> {
  if (message instanceof ForeignEnd) return { state: foreign, stop: message.reason }
  if (isExitMessage(message)) {
    const { reason } = message
    return isAbnormal(reason) ? { state: foreign, stop: reason } : { state: foreign }
  }
  if (message instanceof ForeignMessage) foreign.handle(message.message)
  else forward(own, name, foreign, message)
  return { state: foreign }
}

/** What it says while it ends is heard too, past the mailbox, which nobody reads any more. */
function lastWord(own: Process, name: string, foreign: Foreign, message: unknown): void {
  try {
    runAs(own, () => foreign.handle(message))
  } catch {
    reportUnhandled(own, name, message)
  }
}

/** What it cannot take is the sender's fault, and no reason to end it. */
function forward(own: Process, name: string, foreign: Foreign, message: unknown): void {
  try {
    foreign.post(message)
  } catch {
    reportUnhandled(own, name, message)
  }
}

/** A start that fails leaves nothing behind: the end of the server kills it. */
async function untilReady(name: string, foreign: Foreign, readyMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    if (Number.isFinite(readyMs)) timer = setTimeout(resolve, readyMs, 'late')
  })
  const first = await Promise.race([foreign.ready, foreign.exited, late])
  clearTimeout(timer)
  if (first === undefined) return
  if (first !== 'late') throw new Exit(first)
  throw new Error(
    `'${name}' was not ready within ${readyMs} ms. Give it a larger readyMs, or look at its ready condition.`,
  )
}
