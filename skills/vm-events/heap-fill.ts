import type { TimedSample } from './stall.ts'

/** What fills the heap while it holds the event loop. */
export interface HeapFill {
  readonly fromBytes: number
  readonly toBytes: number
  readonly limitBytes: number
  readonly overMs: number
  /** Until the heap is full, at this pace. */
  readonly secondsLeft: number
}

const LEAST_LOOKS = 6
const LEAST_MS = 200
const LEAST_BYTES = 16 * 1_048_576
/** Of the heap's limit: what a piece of work of ordinary size needs stays below it. */
const LEAST_SHARE = 0.08
const SOON_SECONDS = 15

/**
 * Whether one uninterrupted piece of work fills the heap: the least that was in use in the last third of
 * the looks lies well above the most in the first third, and at this pace the limit is seconds away. The garbage
 * of a busy loop does not count: each collection takes it away, and the least falls with it.
 */
export function heapFillOf(
  samples: readonly TimedSample[],
  limitBytes: number,
): HeapFill | undefined {
  const looks = samples.flatMap(({ sample: { heapUsedBytes }, weightMs }) =>
    heapUsedBytes === undefined ? [] : [{ bytes: heapUsedBytes, weightMs }],
  )
  const third = Math.floor(looks.length / 3)
  const [first] = looks
  const last = looks.at(-1)
  if (first === undefined || last === undefined || looks.length < LEAST_LOOKS) return undefined
  const overMs = looks.slice(1).reduce((total, { weightMs }) => total + weightMs, 0)
  const used = looks.map(({ bytes }) => bytes)
  const risen = Math.min(...used.slice(-third)) - Math.max(...used.slice(0, third))
  if (overMs < LEAST_MS || risen < Math.max(LEAST_BYTES, limitBytes * LEAST_SHARE)) return undefined
  const grown = last.bytes - first.bytes
  const secondsLeft = (Math.max(0, limitBytes - last.bytes) * overMs) / grown / 1000
  if (secondsLeft > SOON_SECONDS) return undefined
  return { fromBytes: first.bytes, toBytes: last.bytes, limitBytes, overMs, secondsLeft }
}

/** More than half of what the heap may grow to is in use: no ordinary piece of work. */
export function isHeapNearlyFull({ toBytes, limitBytes }: HeapFill): boolean {
  return toBytes > limitBytes / 2
}

/** `, while the heap grows from 12 to 80 MB of its limit of 220 MB: full in 1.4 s at this pace`. */
export function heapFillText({ fromBytes, toBytes, limitBytes, secondsLeft }: HeapFill): string {
  const left = secondsLeft < 10 ? Math.round(secondsLeft * 10) / 10 : Math.round(secondsLeft)
  return `, while the heap grows from ${mb(fromBytes)} to ${mb(toBytes)} MB of its limit of ${mb(limitBytes)} MB: full in ${left} s at this pace`
}

export function mb(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
