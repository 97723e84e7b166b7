import { clearAlarm, setAlarm } from './alarm.ts'
import { acting } from './current.ts'
import { type CallInfo, CallingSelf, NoProcess, NotSendable } from './errors.ts'
import { type ExitReason, NOPROC } from './exit-reason.ts'
import { LocalCall } from './local-call.ts'
import { checkKeys, checkNumber } from './options.ts'
import { lookUpPartition } from './partition-lookup.ts'
import { isPid, type Pid, type Ref } from './pid.ts'
import type { Process } from './process.ts'
import { isRegistryName, keyIdentity, type RegistryName, targetText } from './registry-name.ts'
import { RemoteWait } from './remote-wait.ts'
import { CallRequest } from './signal.ts'
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
export function call(
  target: Pid | string | RegistryName,
  name: string,
  payload?: unknown,
  options: CallOptions = DEFAULTS,
): Promise<unknown> {
  try {
    if (options !== DEFAULTS) checkOptions(options)
    const owner = acting('call')
    options.signal?.throwIfAborted()
    if (typeof target === 'string') return callOf(owner, target, name, payload, options)
    return callByRegistry(owner, target, name, payload, options)
  } catch (error) {
    return Promise.reject(error)
  }
}

const DEFAULTS: CallOptions = Object.freeze({})

function checkOptions(options: CallOptions): void {
  checkKeys('call', options, ['timeoutMs', 'signal', 'holds'])
  checkNumber('call: timeoutMs', options.timeoutMs ?? DEFAULT_CALL_MS)
}

function callOf(
  owner: Process,
  target: Pid | string,
  name: string,
  payload: unknown,
  { timeoutMs = DEFAULT_CALL_MS, signal, holds = true }: CallOptions,
): Promise<unknown> {
  const { kernel } = owner
  let server = kernel.here(target)
  if (!server) {
    const info = { target, name, timeoutMs }
    const to = resolve(owner, target, info)
    server = kernel.here(to)
    if (!server) return callAway(owner, to, info, payload, { signal, holds })
  }
  if (server === owner) throw new CallingSelf(owner.pid, { target, name, timeoutMs })
  if (!owner.alive) return new Promise(() => {})
  if (signal)
    return callAway(owner, server.pid, { target, name, timeoutMs }, payload, { signal, holds })
  const spec = { owner, server, target, name, timeoutMs, holds }
  return new Promise((resolvePromise, reject) => {
    server.accept(new CallRequest(new LocalCall(spec, resolvePromise, reject), name, payload))
  })
}

/** To another thread, or with a signal to give up at. */
function callAway(
  owner: Process,
  to: Pid,
  info: CallInfo,
  payload: unknown,
  waiting: Waiting,
): Promise<unknown> {
  if (to === owner.pid) throw new CallingSelf(to, info)
  const { name } = info
  return request(owner, to, info, waiting, (ref) =>
    owner.kernel.send({ type: 'call', to, from: owner.pid, ref, name, payload }),
  )
}

async function callByRegistry(
  owner: Process,
  target: RegistryName,
  name: string,
  payload: unknown,
  options: CallOptions,
): Promise<unknown> {
  const { timeoutMs = DEFAULT_CALL_MS, signal, holds } = options
  const info = { target: targetText(target), name, timeoutMs }
  const to = await holderOf(target)
  if (!to) throw new NoProcess(info.target, info)
  return callAway(owner, to, info, payload, { signal, holds })
}

/** Asks for something to be done later; nobody waits, and the dead are not missed. */
export function cast(target: Pid | string | RegistryName, name: string, payload?: unknown): void {
  const sender = acting('cast')
  if (!sender.alive) return
  if (isRegistryName(target)) {
    holderOf(target).then(
      (pid) => pid && sender.alive && sender.kernel.send({ type: 'cast', to: pid, name, payload }),
      () => {},
    )
    return
  }
  try {
    sender.kernel.send({ type: 'cast', to: resolve(sender, target), name, payload })
  } catch (error) {
    if (!(error instanceof NoProcess)) throw error
  }
}

/** Who is registered under a name that a registry keeps. */
export async function holderOf(name: RegistryName): Promise<Pid | undefined> {
  const { registry, key } = name
  if (name.partitioned) {
    return lookUpPartition(acting('call').kernel, name, (to) => call(to, 'partitions'))
  }
  const entries = await call(registry, 'lookup', { id: keyIdentity(key), key })
  const first: unknown = Array.isArray(entries) ? entries[0] : undefined
  const isEntry = typeof first === 'object' && first !== null && 'pid' in first
  return isEntry && isPid(first.pid) ? first.pid : undefined
}

/**
 * Registers the acting actor under a name that a registry keeps.
 *
 * @returns Who has it already; `undefined` if the acting actor has it now.
 */
export async function registerAs({ registry, key, value }: RegistryName): Promise<Pid | undefined> {
  const id = keyIdentity(key)
  const answer = await call(registry, 'register', { id, key, value, via: true })
  const isAnswer = typeof answer === 'object' && answer !== null && 'holder' in answer
  if (!isAnswer || !isPid(answer.holder)) return undefined
  return 'registered' in answer && answer.registered === false ? answer.holder : undefined
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
  if (owner.kernel.isDead(target)) return Promise.resolve(NOPROC)
  return new Promise((done, reject) => {
    const ref = owner.kernel.newRef()
    const timer = setAlarm(timeoutMs, () => {
      owner.kernel.pending.take(ref)
      owner.kernel.send({ type: 'demonitor', to: target, from: owner.pid, ref })
      done(undefined)
    })
    owner.kernel.pending.add(ref, {
      owner,
      target,
      resolve: () => done(undefined),
      reject,
      down: done,
      holds,
      settled: () => clearAlarm(timer),
    })
    owner.kernel.send({ type: 'monitor', to: target, from: owner.pid, ref })
  })
}

interface Waiting {
  readonly signal?: AbortSignal | undefined
  readonly holds?: boolean | undefined
}

/** Enters a pending reply, does what asks for it, and waits. */
export function request(
  owner: Process,
  target: Pid,
  info: CallInfo,
  { signal, holds = true }: Waiting,
  ask: (ref: Ref) => void,
): Promise<unknown> {
  if (!owner.alive) return new Promise(() => {})
  const { kernel } = owner
  return new Promise((resolvePromise, reject) => {
    const ref = kernel.newRef()
    const wait = new RemoteWait({ owner, target, info, holds, signal, ref }, resolvePromise, reject)
    kernel.deadlines.add(wait, info.timeoutMs)
    signal?.addEventListener('abort', wait.onAbort, { once: true })
    kernel.pending.add(ref, wait)
    try {
      ask(ref)
    } catch (error) {
      kernel.pending.take(ref)
      reject(error instanceof NotSendable ? error : new NotSendable(target, error))
    }
  })
}
