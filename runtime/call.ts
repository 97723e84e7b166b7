import { acting } from './current.ts'
import { CallingSelf, CallTimeout, NoProcess, NotSendable } from './errors.ts'
import { type ExitReason, NOPROC } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import { resolve } from './signals.ts'

export interface CallOptions {
  /** Milliseconds to wait; `Infinity` waits for ever. Default 5000. */
  readonly timeoutMs?: number
  /** Gives up when aborted; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** False: the wait does not keep the process alive. Default true. */
  readonly holds?: boolean
}

/** OTP's default for a call, milliseconds. */
export const DEFAULT_CALL_MS = 5000

/**
 * Sends a request and waits for the reply. The call monitors its target: if that ends first, or
 * its whole thread goes, the promise rejects at once with the exit reason. If time runs out the
 * target goes on, and its late reply is dropped.
 */
export async function call(
  target: Pid | string,
  name: string,
  payload?: unknown,
  options: CallOptions = {},
): Promise<unknown> {
  checkKeys('call', options, ['timeoutMs', 'signal', 'holds'])
  const { timeoutMs = DEFAULT_CALL_MS, signal, holds } = options
  checkNumber('call: timeoutMs', timeoutMs)
  const owner = acting('call')
  signal?.throwIfAborted()
  const to = resolve(owner, target)
  if (to === owner.pid) throw new CallingSelf(to)
  return request(owner, to, `call '${name}'`, { timeoutMs, signal, holds }, (ref) =>
    owner.kernel.send({ type: 'call', to, from: owner.pid, ref, name, payload }),
  )
}

/** Asks for something to be done later; nobody waits, and the dead are not missed. */
export function cast(target: Pid | string, name: string, payload?: unknown): void {
  const sender = acting('cast')
  if (!sender.alive) return
  try {
    sender.kernel.send({ type: 'cast', to: resolve(sender, target), name, payload })
  } catch (error) {
    if (!(error instanceof NoProcess)) throw error
  }
}

/**
 * Waits for an actor's death.
 *
 * @returns The reason; `noproc` at once if it was dead already; `undefined` if time ran out.
 */
export function awaitDown(
  owner: Process,
  target: Pid,
  { timeoutMs = Number.POSITIVE_INFINITY, holds = true } = {},
): Promise<ExitReason | undefined> {
  if (owner.kernel.isLocal(target) && !owner.kernel.processes.has(target)) {
    return Promise.resolve(NOPROC)
  }
  return new Promise((done, reject) => {
    const ref = owner.kernel.newRef()
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => {
          owner.kernel.pending.take(ref)
          owner.kernel.send({ type: 'demonitor', to: target, from: owner.pid, ref })
          done(undefined)
        }, timeoutMs)
      : undefined
    owner.kernel.pending.add(ref, {
      owner,
      target,
      resolve: () => done(undefined),
      reject,
      down: done,
      holds,
      settled: () => clearTimeout(timer),
    })
    owner.kernel.send({ type: 'monitor', to: target, from: owner.pid, ref })
  })
}

interface Waiting {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly holds?: boolean | undefined
}

/** Enters a pending reply, does what asks for it, and waits. */
export function request(
  owner: Process,
  target: Pid,
  what: string,
  { timeoutMs, signal, holds = true }: Waiting,
  ask: (ref: Ref) => void,
): Promise<unknown> {
  if (!owner.alive) return new Promise(() => {})
  const { kernel } = owner
  return new Promise((resolvePromise, reject) => {
    const ref = kernel.newRef()
    const giveUp = (error: unknown): void => {
      kernel.pending.take(ref)
      kernel.send({ type: 'demonitor', to: target, from: owner.pid, ref })
      reject(error)
    }
    const late = (): void => giveUp(new CallTimeout(target, what, timeoutMs))
    const timer = armTimeout(late, timeoutMs, holds)
    const onAbort = (): void => giveUp(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    kernel.pending.add(ref, {
      owner,
      target,
      resolve: resolvePromise,
      reject,
      holds,
      settled: () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      },
    })
    try {
      ask(ref)
    } catch (error) {
      kernel.pending.take(ref)
      reject(error instanceof NotSendable ? error : new NotSendable(target, error))
    }
  })
}

function armTimeout(
  late: () => void,
  timeoutMs: number,
  holds: boolean,
): NodeJS.Timeout | undefined {
  if (!Number.isFinite(timeoutMs)) return undefined
  const timer = setTimeout(late, timeoutMs)
  return holds ? timer : timer.unref()
}
