import { acting } from './current.ts'
import type { Task } from './task.ts'

/** The result lies in the owner's mailbox already; the pid was never anybody's. */
export function completed<Value>(value: Value): Task<Value> {
  const owner = acting('Task.completed')
  const { kernel } = owner
  const ref = kernel.newRef()
  owner.push({ type: 'TASK', ref, value })
  return { pid: kernel.newPid(), ref, owner: owner.pid, name: 'completed', completed: true }
}
