import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'

/**
 * The actor tree as it is told to people and programs outside: what there is now
 * ({@link TreeNode}) and what changes ({@link TreeEvent}). Every value in an event is absolute
 * ("mailbox is 3", never "one more"), so that an event applied twice, or one that a snapshot
 * already contains, does no harm.
 */

/** What a process is doing. `unresponsive`: its thread has not answered for a while. */
export type ProcessStatus =
  | 'starting'
  | 'waiting'
  | 'running'
  | 'restarting'
  | 'exited'
  | 'unresponsive'

/** The thread in which a process runs. */
export interface ThreadRef {
  /** 0: the thread that started the runtime, 1: the root thread, then in order of start. */
  readonly ordinal: number
  /** `worker_threads.threadId`, once it is known. */
  readonly threadId?: number
  readonly name: string
}

/** One process with all that hangs below it. */
export interface TreeNode {
  readonly pid: Pid
  /** The child's id in its supervisor. */
  readonly id: string
  /** Registered name. */
  readonly name?: string
  /** `thread`: stands for a whole thread; a thread without any process appears only so. */
  readonly kind: 'supervisor' | 'worker' | 'thread'
  readonly thread: ThreadRef
  readonly status: ProcessStatus
  /** Messages waiting. */
  readonly mailbox: number
  /** Messages handled since the start. */
  readonly handled: number
  /** How often its supervisor has restarted the child of this id. */
  readonly restarts: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Free text for people. */
  readonly label?: string
  readonly links: readonly Pid[]
  /** Position among its siblings (start order). Without it siblings are shown by id. */
  readonly order?: number
  readonly children: readonly TreeNode[]
}

/** One change of the tree; `at` is in milliseconds since the epoch. */
export type TreeEvent =
  | {
      readonly type: 'process-started'
      readonly at: number
      readonly pid: Pid
      readonly parent?: Pid
      readonly node: TreeNode
    }
  | {
      readonly type: 'process-exited'
      readonly at: number
      readonly pid: Pid
      readonly reason: ExitReason
    }
  | {
      readonly type: 'process-updated'
      readonly at: number
      readonly pid: Pid
      readonly mailbox: number
      readonly handled: number
      readonly status: ProcessStatus
      /** Only when it changed; `null`: no longer registered. */
      readonly name?: string | null
      /** Only when it changed; `null`: no label any more. */
      readonly label?: string | null
      /** Only when they changed: all links. */
      readonly links?: readonly Pid[]
    }
  | {
      readonly type: 'child-restarted'
      readonly at: number
      readonly supervisor: Pid
      readonly id: string
      readonly oldPid: Pid
      readonly newPid: Pid
      readonly reason: ExitReason
      /** Restarts of this child so far, this one included. */
      readonly restarts: number
    }
  | {
      readonly type: 'thread-started'
      readonly at: number
      readonly ordinal: number
      readonly name: string
      readonly threadId?: number
    }
  | {
      readonly type: 'thread-exited'
      readonly at: number
      readonly ordinal: number
      readonly name: string
      readonly reason?: ExitReason
    }

/** Where an observer gets the tree from. */
export interface TreeSource {
  /** The roots, as of now. A thread in which nothing runs is a node of kind `thread`. */
  snapshot(): Promise<readonly TreeNode[]>
  /**
   * Calls the listener for every change from now on, in the order in which they happened.
   *
   * @returns Ends the subscription; harmless when called twice.
   */
  subscribe(listener: (event: TreeEvent) => void): () => void
}
