import type { MessagePort } from 'node:worker_threads'
import type { ExitReason } from './exit-reason.ts'
import type { MailboxOptions } from './mailbox-options.ts'
import type { Pid, Ref } from './pid.ts'
import type { ProcessInfo } from './process-info.ts'
import type { RegistryName } from './registry-name.ts'
import type { Report } from './report.ts'
import type { SharedBuffers } from './shared-state.ts'
import type { Telling } from './telemetry.ts'
import type { ThreadOptions } from './thread-options.ts'
import type { ProcessReport, TreeNews } from './tree-report.ts'
import type { WireError } from './wire.ts'

/**
 * What one actor sends another, message or not. All kinds of one sender to one receiver travel in
 * one FIFO: within a thread they are applied in the order of the calls, between two threads they
 * share one port.
 */
export type Signal =
  | { readonly type: 'message'; readonly to: Pid; readonly message: unknown }
  | AliasedSignal
  | CallSignal
  | { readonly type: 'cast'; readonly to: Pid; readonly name: string; readonly payload: unknown }
  | { readonly type: 'reply'; readonly to: Pid; readonly ref: Ref; readonly value: unknown }
  | {
      readonly type: 'reply-failed'
      readonly to: Pid
      readonly ref: Ref
      readonly error: WireError
    }
  | {
      readonly type: 'exit'
      readonly to: Pid
      readonly from: Pid
      readonly reason: ExitReason
      readonly link: boolean
    }
  | { readonly type: 'link'; readonly to: Pid; readonly from: Pid }
  | { readonly type: 'unlink'; readonly to: Pid; readonly from: Pid }
  | { readonly type: 'monitor'; readonly to: Pid; readonly from: Pid; readonly ref: Ref }
  | { readonly type: 'demonitor'; readonly to: Pid; readonly from: Pid; readonly ref: Ref }
  | {
      readonly type: 'down'
      readonly to: Pid
      readonly ref: Ref
      readonly pid: Pid
      readonly reason: ExitReason
    }
  | {
      readonly type: 'started'
      readonly to: Pid
      readonly ref: Ref
      readonly outcome: StartOutcome
    }
  | InfoSignal
  /** Asks a thread for its actors, or the root for the threads. */
  | {
      readonly type: 'census'
      readonly to: Pid
      readonly from: Pid
      readonly ref: Ref
      readonly of: 'threads' | 'actors'
    }
  | {
      readonly type: 'timer'
      readonly to: Pid
      readonly from: Pid
      readonly ref: Ref
      readonly timer: Ref
      readonly cancel: boolean
    }
  | SpawnSignal

/** A message to an alias; its reference says in which thread its owner lives. */
export interface AliasedSignal {
  readonly type: 'aliased'
  readonly to: Pid
  readonly alias: Ref
  readonly message: unknown
  readonly priority: boolean
}

/** What can be asked of an actor. */
export type InfoKey = keyof ProcessInfo

/** A question that the actor's thread answers, not the actor. */
export interface InfoSignal {
  readonly type: 'info'
  readonly to: Pid
  readonly from: Pid
  readonly ref: Ref
  readonly keys: readonly InfoKey[]
}

/** A request that waits for a reply; it monitors its target until then. */
export interface CallSignal {
  readonly type: 'call'
  readonly to: Pid
  readonly from: Pid
  readonly ref: Ref
  readonly name: string
  readonly payload: unknown
}

/** The birth of `to` in the thread that the signal goes to. */
export interface SpawnSignal {
  readonly type: 'spawn'
  readonly to: Pid
  readonly request: SpawnRequest
}

/** All that a thread must know to give birth to an actor defined in a module. */
export interface SpawnRequest {
  readonly definition: DefinitionAddress
  readonly args: unknown
  readonly parent: Pid
  readonly ancestors: readonly Pid[]
  readonly link: boolean
  readonly monitor?: Ref | undefined
  /** Where the outcome of the start goes; absent for a plain spawn. */
  readonly started?: Ref | undefined
  readonly name?: string | undefined
  /** Registers it with a registry before its code runs. */
  readonly registryName?: RegistryName | undefined
  readonly id?: string | undefined
  readonly kind: ProcessKind
  readonly trapExit?: boolean | undefined
  readonly mailbox?: MailboxOptions | undefined
}

export type ProcessKind = 'supervisor' | 'worker'

/** Under this key an address carries the definition itself; a clone in another thread does not. */
export const LOCAL: unique symbol = Symbol.for('nodelens.local-definition')

/** Where a definition is found in another thread: the module's URL and the name inside it. */
export interface DefinitionAddress {
  readonly url: string
  readonly name: string
  readonly [LOCAL]?: object
}

/** How a synchronous start ended; a failure is the `down` of the monitor that the start sets. */
export type StartOutcome =
  | { readonly type: 'started'; readonly pid: Pid }
  | { readonly type: 'ignored' }
  | { readonly type: 'refused'; readonly reason: ExitReason }
  | { readonly type: 'name-taken'; readonly pid: Pid }

/** The name of the call by which `stop()` asks any server to end. */
export const STOP_CALL = '$stop'

/** The name of the call by which `sys` asks anything of an actor. */
export const SYSTEM_CALL = '$system'

/** A call as it lies in a mailbox; answered with `replyTo(process, request.asker, value)`. */
export class CallRequest {
  readonly type = '$call'
  readonly name: string
  readonly payload: unknown
  readonly #asker: Asker
  constructor(asker: Asker, name: string, payload: unknown) {
    this.name = name
    this.payload = payload
    this.#asker = asker
  }

  get asker(): Asker {
    return this.#asker
  }

  get from(): CallFrom {
    return plainFrom(this.#asker)
  }
}

/** A cast as it lies in a mailbox. */
export class CastRequest {
  readonly type = '$cast'
  readonly name: string
  readonly payload: unknown
  constructor(name: string, payload: unknown) {
    this.name = name
    this.payload = payload
  }
}

/** Whom to reply to, and to which of their calls. */
export interface CallFrom {
  readonly pid: Pid
  readonly ref: Ref
}

/** A caller of the same thread, who is answered without a signal. */
export interface DirectAsker {
  readonly pid: Pid
  toFrom(): CallFrom
  answer(value: unknown): void
  fail(error: WireError): void
}

export type Asker = CallFrom | DirectAsker

export function isDirect(asker: Asker): asker is DirectAsker {
  return 'toFrom' in asker
}

export function plainFrom(asker: Asker): CallFrom {
  return isDirect(asker) ? asker.toFrom() : asker
}

/** What a monitor says: exactly once, after every message that the dead had sent before. */
export interface DownMessage {
  readonly type: 'DOWN'
  readonly ref: Ref
  /** The pid, or the name where the monitor was set on a name. */
  readonly pid: Pid | string
  readonly reason: ExitReason
}

/** What a linked or killing actor's exit becomes for one that traps exits. */
export interface ExitMessage {
  readonly type: 'EXIT'
  readonly pid: Pid
  readonly reason: ExitReason
}

/** Tells an `EXIT` message from any other message. */
export function isExitMessage(message: unknown): message is ExitMessage {
  return hasType(message, 'EXIT')
}

/** Tells a `DOWN` message from any other message. */
export function isDownMessage(message: unknown): message is DownMessage {
  return hasType(message, 'DOWN')
}

function hasType(message: unknown, type: string): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === type &&
    'reason' in message
  )
}

/** The introduction of two threads: the port on which `from` will post. */
export interface ConnectMessage {
  readonly type: 'connect'
  readonly from: number
  readonly to: number
  readonly port: MessagePort
}

/** What any thread asks of the root, or tells it: about threads, not actors. */
export type ToRoot =
  | ConnectMessage
  | {
      readonly type: 'spawn-thread'
      readonly ordinal: number
      readonly pid: Pid
      readonly threadName: string
      readonly request?: SpawnRequest
      readonly options?: ThreadOptions
    }
  | {
      readonly type: 'thread-idle'
      readonly ordinal: number
      /** What links and monitors in other threads are to hear once the thread is gone. */
      readonly lastWords: readonly Signal[]
    }
  /** Asks for word when all that any thread had told the root is on its way. */
  | { readonly type: 'settle'; readonly ordinal: number }
  /** The thread's first actor has started. */
  | { readonly type: 'thread-ready'; readonly ordinal: number }
  | { readonly type: 'kill'; readonly pid: Pid }
  | { readonly type: 'pong'; readonly ordinal: number }
  | TreeReply
  | { readonly type: 'tree-events'; readonly ordinal: number; readonly events: readonly TreeNews[] }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'telemetry'; readonly telling: Telling }
  | { readonly type: 'stop' }

/** What a thread's reporter tells of its actors. */
export type TreeMessage = Extract<ToRoot, { type: 'tree-reply' | 'tree-events' | 'pong' }>

export interface TreeReply {
  readonly type: 'tree-reply'
  readonly id: number
  readonly ordinal: number
  readonly processes: readonly ProcessReport[]
}

/** What the root tells any other thread. */
export type FromRoot =
  | ConnectMessage
  | {
      readonly type: 'begin'
      readonly ordinal: number
      readonly pid: Pid
      readonly threadName: string
      readonly shared: SharedBuffers
      readonly request?: SpawnRequest
    }
  | {
      readonly type: 'thread-down'
      readonly ordinal: number
      readonly reason: ExitReason
      /** Heard before all else: the thread's actor had ended by itself. */
      readonly lastWords?: readonly Signal[]
    }
  /** The answer to `settle`; every port that was on its way was told before. */
  | { readonly type: 'settled' }
  | { readonly type: 'tree-request'; readonly id: number }
  /** Does the thread's event loop turn? */
  | { readonly type: 'ping' }
  /** There is nothing to do: give memory back. */
  | { readonly type: 'hibernate' }
  | { readonly type: 'telemetry'; readonly telling: Telling }
  | { readonly type: 'stopped' }
