/** Starting and ending one supervised child; shared by both kinds of supervisor. */

import { clearAlarm, setAlarm } from './alarm.ts'
import { awaitDown } from './call.ts'
import type { ChildSpec } from './child-spec.ts'
import { type ExitReason, isAbnormal, KILL, KILLED, SHUTDOWN } from './exit-reason.ts'
import { defined } from './options.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { isExitMessage } from './signal.ts'
import { sendExit } from './signals.ts'
import { type Started, startProcess } from './start-process.ts'
import { reportSupervisor } from './supervisor-report.ts'
import { threadOptions } from './thread-options.ts'

export function startChild(supervisor: Process, spec: ChildSpec): Promise<Started> {
  const { id, definition, args, type, placement, name, registryName, mailbox } = spec
  return startProcess(supervisor, {
    id,
    definition,
    args,
    kind: type,
    placement,
    link: true,
    ...defined({ name, registryName, mailbox }),
    ...threadOptions(spec),
  })
}

/**
 * Ends a child in OTP's way: `shutdown`, its time, then `kill`; or `kill` at once. Resolves when it
 * is dead, with its reason, and leaves no `EXIT` of it behind. A monitor says when, so that it also
 * works for a child that has unlinked itself.
 */
export async function stopChild(
  supervisor: Process,
  pid: Pid,
  spec: ChildSpec,
): Promise<ExitReason> {
  const { shutdown } = spec
  const timeoutMs = typeof shutdown === 'number' ? shutdown : Number.POSITIVE_INFINITY
  const down = awaitDown(supervisor, pid, { timeoutMs })
  sendExit(supervisor, pid, shutdown === 'brutal_kill' ? KILL : SHUTDOWN)
  let reason = await down
  if (!reason) reason = await killChild(supervisor, pid)
  return buried(supervisor, pid, spec, reason ?? KILLED)
}

/**
 * Ends children of a dynamic supervisor all at once: those with the same time share one timer.
 */
export async function stopChildren(
  supervisor: Process,
  children: readonly (readonly [Pid, ChildSpec])[],
): Promise<void> {
  const late = new Map<number, Set<Pid>>()
  const ends = children.map(async ([pid, spec]) => {
    const { shutdown } = spec
    const group = typeof shutdown === 'number' ? groupOf(late, shutdown).add(pid) : undefined
    const down = awaitDown(supervisor, pid)
    sendExit(supervisor, pid, shutdown === 'brutal_kill' ? KILL : SHUTDOWN)
    const reason = await down
    group?.delete(pid)
    buried(supervisor, pid, spec, reason ?? KILLED)
  })
  const timers = [...late].map(([timeoutMs, pids]) =>
    setAlarm(timeoutMs, () => {
      for (const pid of pids) sendExit(supervisor, pid, KILL)
    }),
  )
  await Promise.all(ends)
  for (const timer of timers) clearAlarm(timer)
}

function groupOf(groups: Map<number, Set<Pid>>, timeoutMs: number): Set<Pid> {
  const group = groups.get(timeoutMs) ?? new Set<Pid>()
  groups.set(timeoutMs, group)
  return group
}

async function killChild(supervisor: Process, pid: Pid): Promise<ExitReason | undefined> {
  const killed = awaitDown(supervisor, pid)
  sendExit(supervisor, pid, KILL)
  return killed
}

/** Takes away the child's `EXIT`; if it had died before, that says of what. */
function buried(supervisor: Process, pid: Pid, spec: ChildSpec, down: ExitReason): ExitReason {
  supervisor.removeLink(pid)
  const exit = supervisor.take((message) => isExitMessage(message) && message.pid === pid)
  const reason = down.type === 'noproc' && isExitMessage(exit) ? exit.reason : down
  if (!isExpectedEnd(spec, reason)) {
    reportSupervisor(supervisor, 'shutdown_error', reason, { spec, pid })
  }
  return reason
}

function isExpectedEnd({ shutdown, restart }: ChildSpec, reason: ExitReason): boolean {
  if (shutdown === 'brutal_kill') return reason.type === 'killed'
  if (reason.type === 'shutdown' && !('detail' in reason)) return true
  return restart !== 'permanent' && !isAbnormal(reason)
}
