import { isDeepStrictEqual } from 'node:util'
import { holderOf, request } from './call.ts'
import { acting } from './current.ts'
import { type CallInfo, CallingSelf, NoProcess, ProcessDown } from './errors.ts'
import { type ExitReason, isExitReason, NORMAL, sendableReason } from './exit-reason.ts'
import { LocalCall } from './local-call.ts'
import { checkKeys, checkNumber } from './options.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { isRegistryName, type RegistryName, targetText } from './registry-name.ts'
import { CallRequest, STOP_CALL } from './signal.ts'
import { resolve } from './signals.ts'
import { printable } from './wire.ts'

/**
 * Asks a server to end, after the messages that it has already; its `terminate` runs. Resolves when
 * it is dead.
 *
 * @param target A pid, a name, or a server's handle.
 * @param reason Default `normal`.
 * @param options `timeoutMs`: milliseconds to wait; the server goes on ending. Default: for ever.
 * @throws {TypeError} or {RangeError} Not a reason or a time; nothing was sent.
 * @throws {NoProcess} There is no such actor.
 * @throws {ProcessDown} It ended with another reason (for example because `terminate` threw).
 * @throws {CallTimeout} It is not dead in time.
 * @throws {CallingSelf} A server cannot wait for its own end; return `{ stop: reason }`.
 * @see OTP `gen_server:stop/3`.
 */
export function stop(
  target: Pid | string | RegistryName | { readonly target: Pid | string | RegistryName },
  reason: ExitReason = NORMAL,
  options: { readonly timeoutMs?: number } = {},
): Promise<void> {
  checkKeys('stop', options, ['timeoutMs'])
  const { timeoutMs = Number.POSITIVE_INFINITY } = options
  checkNumber('stop: timeoutMs', timeoutMs)
  if (!isExitReason(reason)) {
    throw new TypeError(`stop: expected a reason { type: … }, got ${printable(reason)}.`)
  }
  const to = typeof target === 'object' && 'target' in target ? target.target : target
  return ended(to, reason, timeoutMs)
}

/** A server of this thread: its end is no error, so none is made. */
function stopHere(
  owner: Process,
  server: Process,
  call: CallInfo,
  payload: ExitReason,
): Promise<void> {
  return new Promise((resolvePromise, reject) => {
    const onEnd = (reason: ExitReason): void => {
      if (reason === payload || isDeepStrictEqual(reason, payload)) resolvePromise()
      else reject(new ProcessDown(server.pid, reason, call))
    }
    const spec = { owner, server, ...call, holds: true, onEnd }
    const request = new LocalCall(spec, () => resolvePromise(), reject)
    server.accept(new CallRequest(request, STOP_CALL, payload))
  })
}

function ended(
  target: Pid | string | RegistryName,
  reason: ExitReason,
  timeoutMs: number,
): Promise<void> {
  try {
    const owner = acting('stop')
    const call = { target: targetText(target), name: STOP_CALL, timeoutMs }
    if (isRegistryName(target)) return stopByRegistry(owner, target, call, reason)
    return stopAt(owner, resolve(owner, target, call), call, reason)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function stopByRegistry(
  owner: Process,
  target: RegistryName,
  call: CallInfo,
  reason: ExitReason,
): Promise<void> {
  const to = await holderOf(target)
  if (!to) throw new NoProcess(call.target, call)
  return stopAt(owner, to, call, reason)
}

function stopAt(owner: Process, to: Pid, call: CallInfo, reason: ExitReason): Promise<void> {
  if (to === owner.pid) throw new CallingSelf(to, call)
  const payload = sendableReason(reason)
  const server = owner.kernel.here(to)
  if (server && owner.alive) return stopHere(owner, server, call, payload)
  return stopAway(owner, to, call, payload)
}

async function stopAway(
  owner: Process,
  to: Pid,
  call: CallInfo,
  payload: ExitReason,
): Promise<void> {
  try {
    await request(owner, to, call, {}, (ref) =>
      owner.kernel.send({ type: 'call', to, from: owner.pid, ref, name: STOP_CALL, payload }),
    )
  } catch (error) {
    if (error instanceof ProcessDown && isDeepStrictEqual(error.reason, payload)) return
    throw error
  }
}
