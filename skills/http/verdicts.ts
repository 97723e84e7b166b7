import { type Summary, summarise, type Window } from './windows.ts'

/** What is wrong with a route or a host. */
export type Trouble = 'slow' | 'errors' | 'hanging' | 'unread'

/** The last windows against those before. */
export interface Comparison {
  readonly now: Summary
  /** undefined: there was too little before. */
  readonly before: Summary | undefined
}

/** Windows (of two seconds) that must agree. */
const RECENT = 3
const LEAST_BEFORE = 3
const LEAST_REQUESTS = 8
/** An answer that takes longer than this is slow for anybody, when it was fast before. */
const SLOW_MS = 250
const SLOW_FACTOR = 4
/** Without a past to compare with. */
const SLOW_AT_ALL_MS = 2000
const ERROR_SHARE = 0.2
/** A request that is under way for so long hangs, unless the route is known to take long. */
const HANGING_MS = 2500
const LEAST_HANGING = 5

export function compare(windows: readonly Window[]): Comparison {
  const recent = windows.slice(-RECENT)
  const earlier = windows.slice(0, -RECENT - 1).filter(({ count }) => count > 0)
  return {
    now: summarise(recent),
    before: earlier.length < LEAST_BEFORE ? undefined : summarise(earlier),
  }
}

/**
 * What the last six seconds show against the time before; empty for what is as ever.
 *
 * Each trouble must be there in the halves of these six seconds too: one bad moment is none.
 */
export function troublesOf(windows: readonly Window[]): Trouble[] {
  if (windows.length < RECENT) return []
  const { before } = compare(windows)
  const checks: Record<Trouble, (now: Summary) => boolean> = {
    slow: (now) => isSlow(now, before),
    errors: (now) => isFailing(now, before),
    hanging: (now) => now.waiting >= LEAST_HANGING,
    unread: (now) => now.unread >= LEAST_HANGING,
  }
  const whole = summarise(windows.slice(-RECENT))
  const found: Trouble[] = []
  for (const trouble of ['unread', 'hanging', 'slow', 'errors'] as const) {
    const holds = checks[trouble]
    const isSteady = windows
      .slice(-RECENT)
      .every(
        (window) =>
          trouble === 'hanging' ||
          trouble === 'unread' ||
          window.count === 0 ||
          holds(widen(window)),
      )
    if (holds(whole) && isSteady && isGrave(trouble, windows, before)) found.push(trouble)
  }
  return found
}

/** One window judged alone needs fewer requests than three together. */
function widen(window: Window): Summary {
  const alone = summarise([window])
  return { ...alone, count: Math.max(alone.count, LEAST_REQUESTS) }
}

function isSlow(now: Summary, before: Summary | undefined): boolean {
  if (now.count < LEAST_REQUESTS) return false
  if (before === undefined) return now.p50Ms >= SLOW_AT_ALL_MS
  return now.p50Ms >= Math.max(SLOW_MS, before.p50Ms * SLOW_FACTOR)
}

function isFailing(now: Summary, before: Summary | undefined): boolean {
  if (now.count < LEAST_REQUESTS) return false
  const share = now.errors / now.count
  const past = before === undefined ? 0 : before.errors / Math.max(1, before.count)
  return share >= ERROR_SHARE && share >= past * 3
}

/** Requests that hang grow in number or age; streams that are open for long are as long as ever. */
function isGrave(
  trouble: Trouble,
  windows: readonly Window[],
  before: Summary | undefined,
): boolean {
  const recent = windows.slice(-RECENT)
  const first = recent[0]
  const last = recent.at(-1)
  if (first === undefined || last === undefined) return false
  if (trouble === 'unread') return last.unread >= first.unread
  if (trouble !== 'hanging') return true
  // without a past it may be a long poll: then only a number that keeps rising tells
  if (before === undefined && last.waiting < first.waiting + LEAST_HANGING) return false
  const isOld = last.oldestWaitingMs >= Math.max(HANGING_MS, (before?.p99Ms ?? 0) * 5)
  return isOld && last.waiting >= first.waiting
}
