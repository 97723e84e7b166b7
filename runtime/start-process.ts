/** Starting an actor and waiting until it is ready, in whatever thread. */

import { birth } from './birth.ts'
import { awaitDown, request } from './call.ts'
import { AlreadyStarted, CallTimeout, NoProcess, ProcessDown, StartFailed } from './errors.ts'
import { type ExitReason, errorReason, KILL, NOPROC, NORMAL, TIMEOUT } from './exit-reason.ts'
import { LocalStart } from './local-start.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { isExitMessage, type StartOutcome } from './signal.ts'
import { sendExit } from './signals.ts'
import { type Birthplace, birthplace, type Launch, launchAt, prepare } from './spawn.ts'

/** How a synchronous start ended, for supervisors, which do not throw. */
export type Started =
  | { readonly type: 'started'; readonly pid: Pid }
  | { readonly type: 'ignored' }
  | { readonly type: 'failed'; readonly why: StartFailed['why']; readonly reason: ExitReason }
  | { readonly type: 'name-taken'; readonly pid: Pid }

/**
 * Starts an actor and waits until it is ready (OTP's start protocol). A failure is told only after
 * the newborn is completely dead and its name is free again.
 *
 * @param timeoutMs Milliseconds until a start that does not answer is killed. Default: for ever.
 */
export function startProcess(
  parent: Process,
  plan: Omit<Launch, 'started'>,
  timeoutMs = Number.POSITIVE_INFINITY,
  holds = true,
): Promise<Started> {
  try {
    const place = birthplace(parent.kernel, plan.placement)
    if (place.ordinal !== parent.kernel.ordinal)
      return startAway(parent, plan, place, timeoutMs, holds)
    return startHere(parent, plan, place.pid, timeoutMs, holds)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function startAway(
  parent: Process,
  plan: Omit<Launch, 'started'>,
  place: Birthplace,
  timeoutMs: number,
  holds: boolean,
): Promise<Started> {
  const id = plan.id ?? place.pid
  try {
    const outcome = await request(
      parent,
      place.pid,
      { target: place.pid, name: `start of ${id}`, timeoutMs },
      { holds },
      (started) => void launchAt(parent, { ...plan, started }, place),
    )
    if (!isOutcome(outcome)) return failure('exited', NOPROC)
    if (outcome.type !== 'started') forget(parent, place.pid)
    return outcome.type === 'refused' ? failure('refused', outcome.reason) : outcome
  } catch (error) {
    forget(parent, place.pid)
    return startFailure(parent, place.pid, error)
  }
}

/** The same within the thread: without signals, and without errors that nobody throws. */
function startHere(
  parent: Process,
  plan: Omit<Launch, 'started'>,
  pid: Pid,
  timeoutMs: number,
  holds: boolean,
): Promise<Started> {
  const { kernel } = parent
  if (!parent.alive) return new Promise(() => {})
  return new Promise((resolve) => {
    const unsuccessful = (started: Started): void => {
      forget(parent, pid)
      resolve(started)
    }
    const start = new LocalStart(parent, timeoutMs, holds, {
      outcome: (outcome) => {
        if (outcome.type === 'started') resolve(outcome)
        else if (outcome.type !== 'refused') unsuccessful(outcome)
        else unsuccessful(failure('refused', outcome.reason))
      },
      ended: (reason) =>
        unsuccessful(failure(reason.type === 'error' ? 'threw' : 'exited', reason)),
      failed: (error) => unsuccessful(failure('threw', errorReason(error))),
      late: () => {
        forget(parent, pid)
        void killLate(parent, pid).then(resolve)
      },
    })
    const { request: order } = prepare(parent, pid, plan)
    birth(kernel, pid, order, start)
  })
}

async function killLate(parent: Process, pid: Pid): Promise<Started> {
  sendExit(parent, pid, KILL)
  await awaitDown(parent, pid)
  return failure('timed-out', TIMEOUT)
}

async function startFailure(parent: Process, pid: Pid, error: unknown): Promise<Started> {
  if (error instanceof CallTimeout) return killLate(parent, pid)
  if (error instanceof NoProcess) return failure('exited', NOPROC)
  if (!(error instanceof ProcessDown)) return failure('threw', errorReason(error))
  return failure(error.reason.type === 'error' ? 'threw' : 'exited', error.reason)
}

/** A start that did not come about leaves no link and no `EXIT` behind. */
function forget(parent: Process, pid: Pid): void {
  parent.removeLink(pid)
  parent.discard((message) => isExitMessage(message) && message.pid === pid)
}

function failure(why: StartFailed['why'], reason: ExitReason): Started {
  return { type: 'failed', why, reason }
}

/** The error of a start that did not come about, for those who throw. */
export function startError(id: string, started: Started): StartFailed | AlreadyStarted {
  if (started.type === 'name-taken') return new AlreadyStarted(id, started.pid)
  if (started.type === 'failed') return new StartFailed(id, started.why, started.reason)
  return new StartFailed(id, 'exited', NORMAL)
}

function isOutcome(value: unknown): value is StartOutcome {
  return typeof value === 'object' && value !== null && 'type' in value
}
