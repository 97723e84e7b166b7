/** What can be said of a thread when it is made: the bounds of its heap, and who watches it. */

import { checkKeys, checkNumber, checkOneOf, defined } from './options.ts'
import type { Placement } from './placement.ts'

/** Bounds of one thread's heap, megabytes, as `worker_threads` takes them. */
export interface ThreadLimits {
  readonly maxOldGenerationSizeMb?: number
  readonly maxYoungGenerationSizeMb?: number
  readonly codeRangeSizeMb?: number
  readonly stackSizeMb?: number
}

/** When a thread counts as stuck, and what happens then. */
export interface WatchdogOptions {
  /**
   * Milliseconds without a turn of its event loop after which a thread is stuck; until its first
   * actor has started at least 5000. At least 20; `Infinity`: never. Default 5000.
   */
  readonly stuckMs?: number
  /**
   * `report`: it is told to whoever follows reports and the tree. `kill`: the thread's stack is
   * taken, the thread ended, and its actor's reason is `{ type: 'stuck', ms, stack }`. Default
   * `report`.
   */
  readonly action?: 'report' | 'kill'
}

export interface ThreadOptions {
  readonly resourceLimits?: ThreadLimits
  readonly watchdog?: WatchdogOptions
  /**
   * Milliseconds of rest after which the thread gives free memory back to the system; once, until
   * it has worked again. At least 50. Default: never.
   */
  readonly hibernateAfterMs?: number
  /**
   * The spare that will take its place has loaded the actor's module already: a restart is some
   * milliseconds faster, and the module's top-level code runs before it is needed, perhaps in vain.
   * For a thread of its own. Default false.
   */
  readonly preload?: boolean
}

export const DEFAULT_WATCHDOG: Required<WatchdogOptions> = { stuckMs: 5000, action: 'report' }

const LIMIT_KEYS = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
]
const MIN_STUCK_MS = 20
const MIN_REST_MS = 50
const MAX_REST_MS = 2 ** 31 - 1

/** @throws {TypeError} or {RangeError} Not options of a watchdog. */
export function checkWatchdog(what: string, value: WatchdogOptions): void {
  checkKeys(what, value, ['stuckMs', 'action'])
  const { stuckMs, action } = value
  if (stuckMs !== undefined) checkNumber(`${what}: stuckMs`, stuckMs, { min: MIN_STUCK_MS })
  if (action !== undefined) checkOneOf(`${what}: action`, action, ['report', 'kill'])
}

/** @throws {TypeError} or {RangeError} Not options of a thread, or the placement makes no thread. */
export function checkThreadOptions(
  what: string,
  placement: Placement,
  { resourceLimits, watchdog, hibernateAfterMs, preload }: ThreadOptions,
): void {
  if (resourceLimits !== undefined) {
    checkMakesThread(what, placement, 'resourceLimits')
    checkKeys(`${what}: resourceLimits`, resourceLimits, LIMIT_KEYS)
    for (const [key, megabytes] of Object.entries(resourceLimits)) {
      checkNumber(`${what}: resourceLimits.${key}`, megabytes, { min: 0.1 })
    }
  }
  if (watchdog !== undefined) {
    checkMakesThread(what, placement, 'watchdog')
    checkWatchdog(`${what}: watchdog`, watchdog)
  }
  if (hibernateAfterMs !== undefined) {
    checkMakesThread(what, placement, 'hibernateAfterMs')
    checkNumber(`${what}: hibernateAfterMs`, hibernateAfterMs, {
      min: MIN_REST_MS,
      max: MAX_REST_MS,
    })
  }
  if (preload !== undefined) checkPreload(what, placement, preload)
}

function checkPreload(what: string, placement: Placement, preload: unknown): void {
  if (typeof preload !== 'boolean') {
    throw new TypeError(`${what}: preload: expected true or false, got ${String(preload)}.`)
  }
  if (preload && placement !== 'thread') {
    throw new TypeError(`${what}: preload is for an actor in a thread of its own, 'thread'.`)
  }
}

/** The same where each may be `undefined`. */
export type MaybeThreadOptions = {
  readonly [Key in keyof ThreadOptions]?: ThreadOptions[Key] | undefined
}

/** The options that are there; those of a shared thread are of who starts it. */
export function threadOptions(given: MaybeThreadOptions): ThreadOptions {
  const { resourceLimits, watchdog, hibernateAfterMs, preload } = given
  return defined({ resourceLimits, watchdog, hibernateAfterMs, preload })
}

function checkMakesThread(what: string, placement: Placement, option: string): void {
  if (placement === 'thread' || typeof placement === 'object') return
  throw new TypeError(
    `${what}: ${option} belongs to a thread that the runtime makes, and placement '${placement}' makes none. Use placement 'thread' or { thread: name }, or leave ${option} out.`,
  )
}
