import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { ProcessKind } from './signal.ts'
import type { ProcessStatus } from './tree-event.ts'

/** What a thread tells the root of one of its actors. */
export interface ProcessReport {
  readonly pid: Pid
  readonly parent?: Pid
  readonly id: string
  readonly name?: string
  readonly kind: ProcessKind
  readonly status: ProcessStatus
  readonly mailbox: number
  readonly handled: number
  readonly startedAt: number
  readonly label?: string
  readonly links: readonly Pid[]
}

/** A change in one thread, as the thread tells it to the root. */
export type TreeNews =
  | { readonly type: 'born'; readonly at: number; readonly report: ProcessReport }
  | { readonly type: 'died'; readonly at: number; readonly pid: Pid; readonly reason: ExitReason }
  | { readonly type: 'changed'; readonly at: number; readonly report: ProcessReport }
  | {
      readonly type: 'restarted'
      readonly at: number
      readonly supervisor: Pid
      readonly id: string
      readonly oldPid: Pid
      readonly newPid: Pid
      readonly reason: ExitReason
      readonly restarts: number
    }

/** What the root itself sees of threads. */
export type ThreadNews =
  | {
      readonly type: 'thread-started'
      readonly ordinal: number
      readonly name: string
      readonly threadId: number
    }
  | {
      readonly type: 'thread-exited'
      readonly ordinal: number
      readonly name: string
      readonly reason: ExitReason
    }
