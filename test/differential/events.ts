/** What the processes of a program and its controller say to each other. */

import type { ExitReason, Pid, Ref } from '../../runtime/index.ts'
import type { Family } from './placement.ts'
import type { ChildPlan, Reason, SupervisorPlan } from './program.ts'
import type { Json } from './reason.ts'

/** What makes the processes of one program known to each other; can be cloned to any thread. */
export interface World {
  readonly controller: Pid
  readonly family: Family
  /** Apart from those of other programs that run at the same time. */
  readonly prefix: string
  /** Element 0 stamps events over all threads; each child counts its starts in one of the others. */
  readonly counters: Int32Array
}

export interface AgentArgs {
  readonly world: World
  readonly key: string
  readonly hoard: boolean
}

export interface ChildArgs {
  readonly world: World
  readonly path: string
  /** Its element of `counters`. */
  readonly counter: number
  readonly plan: ChildPlan
}

/** A step with pids instead of names. */
export type Operation =
  | { readonly do: 'ping' | 'turn' | 'drain' | 'throw' }
  | {
      readonly do: 'flush'
      readonly pings: readonly Ping[]
      readonly supervisors: readonly Pid[]
      readonly dead: readonly Pid[]
    }
  | {
      readonly do: 'spawn'
      readonly key: string
      readonly trap: boolean
      readonly hoard: boolean
      readonly link: boolean
      readonly monitor: boolean
    }
  | { readonly do: 'link' | 'unlink'; readonly pid: Pid }
  | { readonly do: 'monitor'; readonly target: Pid | string }
  | { readonly do: 'demonitor'; readonly ref: Ref; readonly flush: boolean; readonly info: boolean }
  | { readonly do: 'trap'; readonly on: boolean }
  | { readonly do: 'exit'; readonly reason: Reason; readonly caught: boolean }
  | { readonly do: 'signal'; readonly pid: Pid; readonly reason: Reason }
  | { readonly do: 'send'; readonly target: Pid | string; readonly value: number }
  | { readonly do: 'register'; readonly name: string; readonly pid: Pid }
  | { readonly do: 'unregister'; readonly name: string }
  | { readonly do: 'whereis'; readonly name: string }
  | {
      readonly do: 'start_supervisor'
      readonly key: string
      readonly spec: SupervisorPlan
      readonly counters: Counters
    }
  | { readonly do: 'start_dynamic'; readonly key: string; readonly intensity: number }
  | {
      readonly do: 'start_child'
      readonly pid: Pid
      readonly key: string
      readonly child: ChildPlan
      readonly counter: number
      readonly dynamic: boolean
    }
  | {
      readonly do: 'terminate_child' | 'restart_child' | 'delete_child'
      readonly pid: Pid
      readonly id: string
    }
  | { readonly do: 'terminate_dynamic_child'; readonly pid: Pid; readonly child: Pid }
  | {
      readonly do: 'which_children' | 'count_children'
      readonly pid: Pid
      readonly dynamic: boolean
    }

/** Whom to ask for an answer to the controller: it comes after all that was sent there before. */
export interface Ping {
  readonly pid: Pid
  readonly message: Command | ChildCommand
}

/** The counter of each child by its path. */
export type Counters = Readonly<Record<string, number>>

/** How an operation ended; pids are named by the controller. */
export type Result =
  | { readonly type: 'json'; readonly json: Json }
  | { readonly type: 'spawned'; readonly pid: Pid; readonly ref: Ref | undefined }
  | { readonly type: 'monitored'; readonly ref: Ref }
  | { readonly type: 'supervisor'; readonly pid: Pid }
  | { readonly type: 'holder'; readonly pid: Pid | undefined }
  | { readonly type: 'children'; readonly rows: readonly Row[] }

export interface Row {
  readonly id: string | null
  readonly pid: Pid | undefined
  readonly status: string
}

export interface Command {
  readonly type: '$do'
  readonly number: number
  readonly operation: Operation
}

export interface UserMessage {
  readonly type: '$user'
  readonly from: Pid
  readonly value: number
}

/** What a child is asked by the controller. */
export type ChildCommand =
  | { readonly type: '$end'; readonly reason: Reason }
  | { readonly type: '$crash' }
  | { readonly type: '$ping'; readonly number: number }

/** What the controller hears. */
export type Event =
  | { readonly type: '$here'; readonly key: string }
  /** It never comes out of its `terminate`, and answers nobody any more. */
  | { readonly type: '$stuck'; readonly key: string }
  | { readonly type: '$done'; readonly number: number; readonly result: Result }
  | { readonly type: '$got'; readonly key: string; readonly message: unknown }
  | {
      readonly type: '$born'
      readonly path: string
      readonly number: number
      readonly pid: Pid
      readonly clock: number
    }
  | {
      readonly type: '$gone'
      readonly key: string
      readonly group: string
      readonly reason: ExitReason
      readonly clock: number
    }

function hasType(value: unknown): value is { readonly type: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value
}

export function isCommand(value: unknown): value is Command {
  return hasType(value) && value.type === '$do'
}

export function isChildCommand(value: unknown): value is ChildCommand {
  return (
    hasType(value) && (value.type === '$end' || value.type === '$crash' || value.type === '$ping')
  )
}

export function isUserMessage(value: unknown): value is UserMessage {
  return hasType(value) && value.type === '$user'
}

export function isEvent(value: unknown): value is Event {
  return (
    hasType(value) &&
    typeof value.type === 'string' &&
    /^\$(here|stuck|done|got|born|gone)$/.test(value.type)
  )
}
