/** The options of a runtime: defaults and checks. */

import { checkedSupervisor, type SupervisorOptions } from './child-spec.ts'
import type { ExitReason } from './exit-reason.ts'
import { checkKeys, checkNumber } from './options.ts'
import { checkWatchdog, type WatchdogOptions } from './thread-options.ts'

export interface RuntimeOptions extends SupervisorOptions {
  /** Keeps the process alive until `stop()`. Default true; false: only pending calls do. */
  readonly keepAlive?: boolean
  /**
   * Threads that are kept warm, so that a new one is ready in a few milliseconds: of each kind of
   * `resourceLimits` in use (at most 4 kinds) this many. `true` is 1, `false` none. Each takes
   * about 7 MB. Default true.
   */
  readonly spare?: boolean | number
  /**
   * For threads without a `watchdog` of their own. `false`: these are not watched. Default: one
   * whose loop has not turned for 5000 ms is reported.
   */
  readonly watchdog?: WatchdogOptions | false
  /**
   * Threads get the process's own `execArgv` (loaders, `--import`). Default true; false for a
   * runtime that runs no code of the application: its threads can then load their modules without
   * libuv's thread pool, so that they start while the application keeps that pool busy.
   */
  readonly inheritExecArgv?: boolean
  /** Called when the runtime begins to end, whatever the reason; `stop()` waits for it. */
  readonly onStop?: (reason: ExitReason) => void | Promise<void>
  /**
   * Milliseconds that the hook, the applications and the tree have to end in, all together; then
   * their threads are ended. Default 10000.
   */
  readonly stopMs?: number
  /**
   * Signals of the system that stop the runtime and then end the process with code 0. If `stopMs`
   * is not enough, or a second signal comes, the process ends with 128 + the signal's number and a
   * line on stderr that says who was left.
   */
  readonly stopOnSignals?: readonly NodeJS.Signals[]
  /**
   * Plain code of this thread acts in this runtime when it calls `send`, `call`, `self` and so on.
   * Default true; false for a runtime inside a library: it is reached by `act` only, and does not
   * get in the way of the application's own.
   */
  readonly ambient?: boolean
  /** Keeps the process alive until all children are ready. Default true. */
  readonly holdsWhileStarting?: boolean
}

const RUNTIME_KEYS = [
  'strategy',
  'maxRestarts',
  'maxSeconds',
  'autoShutdown',
  'onStop',
  'stopMs',
  'stopOnSignals',
  'children',
  'keepAlive',
  'spare',
  'watchdog',
  'inheritExecArgv',
  'ambient',
  'holdsWhileStarting',
]

/** Default of `stopMs`; also what the root has to end its threads before it is ended itself. */
export const STOP_MS = 10_000
const MAX_SPARES = 64

/** What a runtime is made with, defaults filled in. */
export interface Setup {
  readonly keepAlive: boolean
  readonly spares: number
  readonly watchdog: WatchdogOptions | false
  readonly inheritExecArgv: boolean
  readonly ambient: boolean
  readonly onStop: RuntimeOptions['onStop']
  readonly stopMs: number
  readonly stopOnSignals: readonly NodeJS.Signals[]
}

/** @throws {TypeError} or {RangeError} Options that cannot be meant. */
export function checkedRuntime(options: RuntimeOptions): {
  readonly setup: Setup
  readonly spec: Required<SupervisorOptions>
  readonly holdsWhileStarting: boolean
} {
  checkKeys('startRuntime', options, RUNTIME_KEYS)
  const { keepAlive = true, spare = true, inheritExecArgv = true, onStop, ...others } = options
  const { stopMs = STOP_MS, stopOnSignals = [], ...more } = others
  const { ambient = true, holdsWhileStarting = true, watchdog = {}, ...rest } = more
  checkNumber('startRuntime: stopMs', stopMs)
  const spec = checkedSupervisor('startRuntime', rest)
  if (watchdog !== false) checkWatchdog('startRuntime: watchdog', watchdog)
  const spares = Number(spare)
  checkNumber('startRuntime: spare', spares, { max: MAX_SPARES, integer: true })
  const ending = { onStop, stopMs, stopOnSignals }
  const setup = { keepAlive, spares, watchdog, inheritExecArgv, ambient, ...ending }
  return { setup, spec, holdsWhileStarting }
}
