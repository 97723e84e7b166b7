/** Starting and ending one supervised child; shared by both kinds of supervisor. */

import { awaitDown } from './call.ts'
import type { ChildSpec } from './child-spec.ts'
import { type ExitReason, KILL, SHUTDOWN } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { isExitMessage } from './signal.ts'
import { sendExit } from './signals.ts'
import { type Started, startProcess } from './spawn.ts'

export function startChild(supervisor: Process, spec: ChildSpec): Promise<Started> {
  const { id, definition, args, type, placement, name, resourceLimits } = spec
  return startProcess(supervisor, {
    id,
    definition,
    args,
    kind: type,
    placement,
    link: true,
    ...(name === undefined ? {} : { name }),
    ...(resourceLimits ? { resourceLimits } : {}),
  })
}

/**
 * Ends a child in OTP's way: `shutdown`, its time, then `kill`; or `kill` at once. Resolves when it
 * is dead, with its reason, and leaves no `EXIT` of it behind.
 */
export async function stopChild(
  supervisor: Process,
  pid: Pid,
  { shutdown }: Pick<ChildSpec, 'shutdown'>,
): Promise<ExitReason> {
  const timeoutMs = typeof shutdown === 'number' ? shutdown : Number.POSITIVE_INFINITY
  const down = awaitDown(supervisor, pid, { timeoutMs })
  sendExit(supervisor, pid, shutdown === 'brutal_kill' ? KILL : SHUTDOWN)
  let reason = await down
  if (!reason) {
    const killed = awaitDown(supervisor, pid)
    sendExit(supervisor, pid, KILL)
    reason = await killed
  }
  forgetExit(supervisor, pid)
  return reason ?? SHUTDOWN
}

function forgetExit(supervisor: Process, pid: Pid): void {
  supervisor.links.delete(pid)
  const index = supervisor.mailbox.find((message) => isExitMessage(message) && message.pid === pid)
  if (index >= 0) supervisor.mailbox.takeAt(index)
}
