import { TaskExited } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid, Ref } from './pid.ts'

/** How a task ended, as Elixir's `{:ok, value}` and `{:exit, reason}`. */
export type TaskResult<Value> =
  | { readonly type: 'ok'; readonly value: Value }
  | { readonly type: 'exit'; readonly reason: ExitReason }

/** A task's result in the mailbox of an owner that did not wait for it. */
export interface TaskMessage {
  readonly type: 'TASK'
  readonly ref: Ref
  readonly value: unknown
}

/** Tells a task's result from any other message. */
export function isTaskMessage(message: unknown): message is TaskMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'TASK' &&
    'ref' in message &&
    'value' in message
  )
}

/** The value, or the failure that it stands for. */
export function valueOf<Value>(pid: Pid, result: TaskResult<Value>): Value {
  if (result.type === 'ok') return result.value
  throw new TaskExited(pid, result.reason)
}
