/** Plain data as it crosses between Lua and JavaScript. Lua's NaN and infinities stay numbers. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Why a run failed.
 *
 * - the script's own fault: `syntax`, `runtime`
 * - a limit inside the VM: `memory`, `stack`, `timeout`, `callback_limit`
 * - the returned value: `too_large`, `too_many_nodes`, `too_deep`, `cyclic`
 * - never started: `source_too_large`, `overloaded` (queue full), `queue_timeout`
 * - stopped from outside: `cancelled` (signal or `stop()`), `hard_timeout` (its thread was killed)
 * - the sandbox's own trouble: `thread_oom`, `thread_crash`, `vm_crash`
 */
export type FailureCode =
  | 'syntax'
  | 'runtime'
  | 'memory'
  | 'stack'
  | 'timeout'
  | 'hard_timeout'
  | 'cancelled'
  | 'callback_limit'
  | 'too_large'
  | 'too_many_nodes'
  | 'too_deep'
  | 'cyclic'
  | 'source_too_large'
  | 'queue_timeout'
  | 'overloaded'
  | 'thread_oom'
  | 'thread_crash'
  | 'vm_crash'

/** What one run cost. Known for killed scripts too, up to the last moment that they reported. */
export interface RunStats {
  /** From `run()` to the outcome, milliseconds. */
  readonly totalMs: number
  /** Of that, waiting for a free and started thread. */
  readonly queuedMs: number
  /** Running Lua, callbacks excluded (wall time: on a busy machine it includes preemption). */
  readonly luaMs: number
  /** Waiting for callbacks. */
  readonly callbackMs: number
  readonly callbackCalls: number
  /** Highest memory of the Lua heap, the libraries' share (about 30 KB) included. */
  readonly memoryPeakBytes: number
}

/** The script ran to its end; `value` is what it returned (nothing: null; several values: an array). */
export interface Success {
  readonly ok: true
  readonly value: Json
  /** One entry for each `print`. */
  readonly logs: readonly string[]
  readonly stats: RunStats
}

/** The script did not get to its end. `message` is safe to show to a model: no host path, capped. */
export interface Failure {
  readonly ok: false
  readonly code: FailureCode
  readonly message: string
  /** What was printed before the failure, kept even when the thread had to be killed. */
  readonly logs: readonly string[]
  readonly stats: RunStats
}

/** The outcome of one script. */
export type Outcome = Success | Failure

/** An outcome as the sandbox thread tells it: logs and stats travel in shared memory. */
export type ThreadResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: FailureCode; readonly message: string }
