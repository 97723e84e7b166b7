import { isWireError, toCloneable, toWireError, type WireError } from './wire.ts'

/**
 * Why an actor ended: plain data with a `type`, so that it crosses threads, logs and tests as it
 * is. The named ones are OTP's atoms; an application may use any other object with a `type`.
 */
export type ExitReason =
  | { readonly type: 'normal' }
  | { readonly type: 'shutdown'; readonly detail?: unknown }
  | { readonly type: 'kill' }
  | { readonly type: 'killed' }
  | { readonly type: 'noproc' }
  | { readonly type: 'noconnection'; readonly thread?: number; readonly cause?: unknown }
  | { readonly type: 'timeout' }
  | { readonly type: 'error'; readonly error: WireError }
  /** `process.exit(code)` in a thread of one actor. */
  | { readonly type: 'worker_exit'; readonly code: number }
  /** The heap of the thread was full. `limitMb`: of its old generation, megabytes. */
  | { readonly type: 'out_of_memory'; readonly limitMb?: number }
  /** The thread's loop had not turned for `ms`, and its watchdog ended it. */
  | {
      readonly type: 'stuck'
      readonly ms: number
      /** Frames in V8's format, innermost first; `noStack` says why there are none. */
      readonly stack?: string
      readonly noStack?: string
    }
  | { readonly type: string; readonly [field: string]: unknown }

export const NORMAL: ExitReason = Object.freeze({ type: 'normal' })
export const SHUTDOWN: ExitReason = Object.freeze({ type: 'shutdown' })
export const KILL: ExitReason = Object.freeze({ type: 'kill' })
export const KILLED: ExitReason = Object.freeze({ type: 'killed' })
export const NOPROC: ExitReason = Object.freeze({ type: 'noproc' })
export const NOCONNECTION: ExitReason = Object.freeze({ type: 'noconnection' })
export const TIMEOUT: ExitReason = Object.freeze({ type: 'timeout' })

/** Reasons that are made of what can be cloned; a look at them would make texts of stacks. */
const sendable = new WeakSet<ExitReason>()

/** How deep a reason is looked into before it is cloned to see whether it can be. */
const MAX_FLAT_DEPTH = 3

/** True for every end that a supervisor of a `transient` child must answer with a restart. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason.type !== 'normal' && reason.type !== 'shutdown'
}

/** The reason of an actor whose code threw: OTP's `{Error, Stack}`. */
export function errorReason(thrown: unknown): ExitReason {
  const reason = { type: 'error', error: toWireError(thrown) }
  sendable.add(reason)
  return reason
}

export function isExitReason(value: unknown): value is ExitReason {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

/** Makes a reason sendable whatever it holds. Reasons that are plain data come back as they are. */
export function sendableReason(reason: ExitReason): ExitReason {
  if (reason === NORMAL || reason === SHUTDOWN || reason === KILLED) return reason
  try {
    if (!sendable.has(reason) && !isFlat(reason)) structuredClone(reason)
    return reason
  } catch {
    const copy = toCloneable(reason)
    return isExitReason(copy) ? copy : { type: reason.type }
  }
}

/** Most reasons hold nothing but plain values: that is seen sooner than tried. */
function isFlat(reason: object, depth = 0): boolean {
  const prototype: unknown = Object.getPrototypeOf(reason)
  if (prototype !== Object.prototype) return false
  for (const value of Object.values(reason)) {
    if (typeof value === 'function' || typeof value === 'symbol') return false
    if (typeof value !== 'object' || value === null) continue
    if (depth === MAX_FLAT_DEPTH || !isFlat(value, depth + 1)) return false
  }
  return true
}

/** One line for people: `shutdown`, `error: Error: boom`, … */
export function describeReason(reason: ExitReason): string {
  if (reason.type === 'error' && 'error' in reason && isWireError(reason.error)) {
    return `error: ${reason.error.name}: ${reason.error.message}`
  }
  if (reason.type === 'stuck' && 'ms' in reason) {
    const stack = 'stack' in reason ? String(reason.stack) : ''
    return `stuck for ${String(reason.ms)} ms ${placeIn(stack)}`.trim()
  }
  const { type, ...rest } = reason
  return Object.keys(rest).length === 0 ? type : `${type} ${JSON.stringify(rest)}`
}

/** The innermost frame that is in a file; built-in functions and Node's own are not. */
function placeIn(stack: string): string {
  const frames = stack.split('\n').map((frame) => frame.trim())
  return (
    frames.find((frame) => /:\d+:\d+\)?$/.test(frame) && !/[( ]node:/.test(frame)) ??
    frames[0] ??
    ''
  )
}
