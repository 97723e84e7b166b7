import type { Location } from '../contract.ts'
import type { ProfileHit } from '../gateway/profile.ts'
import type { StackSample } from '../gateway/stack-sample.ts'
import type { HeapFill } from './heap-fill.ts'

/** What held the event loop. */
export type StallKind =
  | 'regex'
  | 'sync-io'
  | 'sync-child-process'
  | 'sync-crypto'
  | 'sync-compression'
  | 'json'
  | 'sort'
  | 'sleep'
  | 'cpu'
  | 'heap'
  | 'infinite-loop?'
  | 'microtasks'
  | 'gc'
  | 'starved'
  | 'unknown'

/** A look at main, and how much of the stall it stands for. */
export interface TimedSample {
  readonly sample: StackSample
  /** Time since the look before it: a native call answers late and stands for all of its time. */
  readonly weightMs: number
}

/** All that is known of one stall. */
export interface StallEvidence {
  readonly id: string
  /** Epoch milliseconds of the last heartbeat before it. */
  readonly startedAt: number
  readonly durationMs: number
  readonly ongoing: boolean
  readonly samples: readonly TimedSample[]
  /** Of the stall: time on a CPU, time waiting for one, time in which this whole process stood still. */
  readonly runMs?: number
  readonly waitMs: number
  readonly frozenMs: number
  /** Garbage collection inside the stall; known only after it. */
  readonly gcMs: number
  /** What main's heap may grow to. */
  readonly heapLimitBytes?: number
  readonly syscall?: string
  readonly target?: string
  readonly profile?: ProfileHit
  /** It stands for many short stalls, found together. */
  readonly blocks?: { readonly count: number; readonly longestMs: number }
}

/** The answer: who held the loop, and how sure that is. */
export interface Culprit {
  readonly kind: StallKind
  readonly confidence: 'high' | 'medium' | 'low'
  /** Absent when no stack could be taken. */
  readonly location?: Location
  /** The function of the package in which the time went, when it is one. */
  readonly packageFunction?: string
  /** The builtin or API at the top: `pbkdf2Sync`, `RegExp.test`. */
  readonly detail?: string
  /** The pattern, when the culprit is a regular expression that the source shows. */
  readonly pattern?: string
  readonly sourceLine?: string
  /** It fills the heap meanwhile. */
  readonly heap?: HeapFill
  /** Looks with a stack, and the share of the time in which the culprit was on it. */
  readonly samples: number
  readonly sharePct: number
  /** The most frequent stack, innermost first. */
  readonly stack: readonly string[]
}

/** Main held the loop for less than this by itself, and less than a third of the stall. */
const STARVED_BELOW_MS = 200

/** Whether the machine, and not the code, is to blame. A long loop on a crowded machine is still a long loop. */
export function isStarved(evidence: StallEvidence): boolean {
  const blocked = blockedMs(evidence)
  return blocked < evidence.durationMs * 0.3 && blocked < STARVED_BELOW_MS
}

/** The part of a stall for which main itself is to blame. */
export function blockedMs(evidence: StallEvidence): number {
  return Math.max(0, evidence.durationMs - evidence.waitMs - evidence.frozenMs)
}
