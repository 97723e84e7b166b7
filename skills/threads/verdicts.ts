import type { Severity } from '../contract.ts'
import type { StallKind, TimedSample } from '../vm-events/stall.ts'

/** What is known of a worker that has not come back to its event loop. */
export interface StuckSigns {
  readonly kind: StallKind
  /** In one and the same call of one function. */
  readonly durationMs: number
  /** The longest time that threads of this entry were busy without a break before; 0: none was long. */
  readonly usualMs: number
  /** Threads of this entry have worked for a while: what is usual for them is known. */
  readonly isKnown: boolean
  readonly looks: number
  /** Share of the looks in which the function was on the stack. */
  readonly sharePct: number
}

/** Workers exist to compute: only what is out of proportion to before, or a regular expression, is told. */
const REGEX_MS = 2000
const KNOWN_MS = 6000
/** Without a past it may be one long job: as long as this it is worth a word, and no more is claimed. */
const UNKNOWN_MS = 20_000
const OUT_OF_PROPORTION = 5
const CRITICAL_MS = 30_000
const LEAST_LOOKS = 5
const LEAST_SHARE_PCT = 80

/** Not stuck: it waits, the machine gives no CPU, many short jobs follow one another, or memory is the trouble. */
const NO_FAULT: readonly StallKind[] = ['sleep', 'starved', 'microtasks', 'gc', 'unknown']

/** How bad it is; undefined: a worker at work. */
export function judgeStuck(signs: StuckSigns): Exclude<Severity, 'info'> | undefined {
  const { kind, durationMs, looks, sharePct } = signs
  if (NO_FAULT.includes(kind) || looks < LEAST_LOOKS || sharePct < LEAST_SHARE_PCT) return undefined
  if (durationMs < patienceMs(signs)) return undefined
  return durationMs >= CRITICAL_MS && (kind === 'regex' || signs.isKnown) ? 'critical' : 'warning'
}

function patienceMs({ kind, usualMs, isKnown }: StuckSigns): number {
  if (kind === 'regex') return REGEX_MS
  return Math.max(isKnown ? KNOWN_MS : UNKNOWN_MS, usualMs * OUT_OF_PROPORTION)
}

/**
 * Whether between two looks the thread finished what it was in: a microtask or next tick of ours ran.
 * A pool whose workers wait in `Atomics.wait` for their next task (piscina) never turns its loop, and is at work
 * all the same.
 */
export function hasMovedOn(before: TimedSample | undefined, now: TimedSample): boolean {
  if (before === undefined) return false
  if (before.sample.beats !== now.sample.beats) return true
  if (before.sample.isArmed === false) return false
  const earlier = before.sample.ticks
  return now.sample.ticks.some((count, which) => count > (earlier[which] ?? count))
}

/** A thread that wants a CPU for this share of the time computes rather than waits. */
const BUSY_SHARE = 0.4
/** And it must have got some: what merely waits to run says nothing. */
const LEAST_RUN_SHARE = 0.05

/** `spent`: of the time, on a CPU and waiting for one. undefined: there is no /proc, and only a look can tell. */
export function isComputing(
  spent: { readonly runMs: number; readonly waitMs: number } | undefined,
  overMs: number,
): boolean {
  if (spent === undefined) return true
  const { runMs, waitMs } = spent
  return runMs + waitMs >= overMs * BUSY_SHARE && runMs >= overMs * LEAST_RUN_SHARE
}
