import { acting } from './current.ts'
import { Exit } from './errors.ts'
import type { ExitReason } from './exit-reason.ts'
import type { Pid } from './pid.ts'
import { receive } from './signals.ts'
import { SystemDesk } from './system-desk.ts'
import { isSystemCall } from './system-request.ts'

export interface SpecialOptions {
  readonly getState: () => unknown
  readonly replaceState: (state: unknown) => void
  /** Runs before the actor ends with the reason. Default: nothing. */
  readonly terminate?: (reason: ExitReason) => void | Promise<void>
}

/** What an actor that is a function does to answer `sys`. */
export interface Special {
  /**
   * Answers the message if it is one of `sys`, and waits while the actor is halted.
   *
   * @returns True if the message was for it; false: handle it yourself.
   */
  handle(message: unknown): Promise<boolean>
  /** Notes for log, trace and statistics that the actor has sent something. */
  sent(to: Pid, message: unknown): void
}

/**
 * Makes the acting actor, a function that receives, answer `sys` as a server does.
 *
 * ```ts
 * const system = sys.special({ getState: () => state, replaceState: (next) => { state = next } })
 * for (;;) {
 *   const message = await receive()
 *   if (!(await system.handle(message))) state = next(state, message)
 * }
 * ```
 * @see OTP `sys:handle_system_msg/6`.
 */
export function special({ getState, replaceState, terminate }: SpecialOptions): Special {
  const process = acting('sys.special')
  let ending: ExitReason | undefined
  const desk = new SystemDesk({
    process,
    name: process.initialCall ?? 'actor',
    state: getState,
    replace: replaceState,
    format: (parts) => parts,
    terminate: (reason) => {
      ending = reason
    },
  })
  process.signal.addEventListener('abort', () => desk.close(), { once: true })
  const answer = async (message: unknown): Promise<void> => {
    if (isSystemCall(message)) await desk.answer(message)
    if (!ending) return
    await terminate?.(ending)
    throw new Exit(ending)
  }
  return {
    handle: async (message) => {
      if (!isSystemCall(message)) {
        if (desk.debug.on) desk.debug.cameIn(message)
        return false
      }
      await answer(message)
      while (desk.suspended) await answer(await receive(isSystemCall))
      process.status = 'running'
      return true
    },
    sent: (to, message) => {
      if (desk.debug.on) desk.debug.wentOut(to, message)
    },
  }
}
