import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'

/** What a kernel tells of its own actors. */
export type LifeEvent =
  | { readonly type: 'born'; readonly process: Process }
  | { readonly type: 'died'; readonly process: Process; readonly reason: ExitReason }
  | {
      readonly type: 'restarted'
      readonly supervisor: Pid
      readonly id: string
      readonly oldPid: Pid
      readonly newPid: Pid
      readonly reason: ExitReason
      readonly restarts: number
    }
