/** Messages that come later. Timers need no actor and outlive the one that started them. */

import { clearAlarm, setAlarm } from './alarm.ts'
import { request } from './call.ts'
import { acting } from './current.ts'
import { checkKeys, checkName, checkNumber } from './options.ts'
import { isPid, isRef, makePid, type Pid, type Ref, threadOfRef } from './pid.ts'
import { printable } from './wire.ts'

/**
 * Sends the message after `ms` milliseconds. To a pid the timer goes with that actor; a name is
 * looked up when the time is over. Timers ring in the order of their times and do not keep the
 * process alive.
 *
 * @param ms A whole number of milliseconds, of any size; 0 sends at once.
 * @returns Names the timer for {@link cancelTimer} and {@link readTimer}.
 * @throws {NotSendable} It goes to another thread or to a name, and cannot be cloned.
 * @see Elixir `Process.send_after/3`.
 */
export function sendAfter(target: Pid | string, message: unknown, ms: number): Ref {
  return start('sendAfter', target, ms, () => message)
}

/** {@link sendAfter} of `{ type: 'timeout', ref, message }`. @see OTP `erlang:start_timer/3`. */
export function startTimer(target: Pid | string, message: unknown, ms: number): Ref {
  return start('startTimer', target, ms, (ref) => ({ type: 'timeout', ref, message }))
}

export interface TimerOptions {
  /**
   * Answers with a message `{ type: 'cancel_timer' | 'read_timer', ref, result }` instead. Needed
   * for a timer that was started in another thread.
   */
  readonly async?: boolean
}

export interface CancelOptions extends TimerOptions {
  /** Default true; false: nobody wants to know the result. */
  readonly info?: boolean
}

/**
 * Stops a timer.
 *
 * @returns The milliseconds that were left; `false` if it had rung, was cancelled before or never
 * was. With `async` or without `info`: true.
 * @throws {TypeError} Not a reference; a timer of another thread without `async`.
 */
export function cancelTimer(ref: Ref, options: CancelOptions = {}): number | boolean {
  checkKeys('cancelTimer', options, ['async', 'info'])
  const { async = false, info = true } = options
  return control('cancelTimer', ref, true, async, info)
}

/** The milliseconds that are left, as {@link cancelTimer} says them; the timer goes on. */
export function readTimer(ref: Ref, options: TimerOptions = {}): number | boolean {
  checkKeys('readTimer', options, ['async'])
  return control('readTimer', ref, false, options.async ?? false, true)
}

/**
 * Waits. An actor that ends meanwhile leaves no timer behind.
 *
 * @param ms Milliseconds, of any size; `Infinity` waits for ever.
 */
export function sleep(ms: number): Promise<void> {
  checkNumber('sleep', ms)
  const process = acting('sleep')
  if (!process.alive) return new Promise(() => {})
  return new Promise((resolve) => {
    const alarm = setAlarm(ms, () => {
      release()
      resolve()
    })
    const stop = (): void => clearAlarm(alarm)
    const release = (): void => {
      if (process.parent) process.signal.removeEventListener('abort', stop)
    }
    if (process.parent) process.signal.addEventListener('abort', stop, { once: true })
  })
}

function start(
  what: string,
  target: Pid | string,
  ms: number,
  compose: (ref: Ref) => unknown,
): Ref {
  if (!isPid(target)) checkName(`${what}: name or pid`, target)
  checkNumber(`${what}: ms`, ms, { integer: true, max: Number.MAX_SAFE_INTEGER })
  const { kernel, alive } = acting(what)
  return alive ? kernel.timers.start(target, ms, compose) : kernel.newRef()
}

function control(
  what: string,
  ref: Ref,
  cancel: boolean,
  async: boolean,
  info: boolean,
): number | boolean {
  if (!isRef(ref)) {
    throw new TypeError(`${what}: expected what sendAfter() returned, got ${printable(ref)}.`)
  }
  const own = acting(what)
  const { kernel, alive } = own
  const thread = threadOfRef(ref)
  if (!alive) return false
  if (!async) {
    if (thread !== kernel.ordinal) {
      throw new TypeError(`${what}: the timer was started in another thread; use { async: true }.`)
    }
    const left = cancel ? kernel.timers.cancel(ref) : kernel.timers.read(ref)
    return info ? left : true
  }
  const to = makePid(thread, 0)
  const type = cancel ? 'cancel_timer' : 'read_timer'
  const answer = (result: unknown): void => {
    if (info && own.alive) own.push({ type, ref, result })
  }
  request(own, to, what, { timeoutMs: Number.POSITIVE_INFINITY, signal: undefined }, (asked) =>
    kernel.send({ type: 'timer', to, from: own.pid, ref: asked, timer: ref, cancel }),
  ).then(answer, () => answer(false))
  return true
}
