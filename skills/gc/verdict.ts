import type { Measured } from './measure.ts'

/** What is wrong with the collections. */
export type GcTrouble = 'thrash' | 'pressure' | 'forced'

/** Readings of a second in a row before anything is looked at. */
export const SUSPECT_READINGS = 3
/** Share of main's time from which collections are looked at. */
export const SUSPECT_PCT = 15
const PRESSURE_PCT = 30
/** Full collections a second, and what they free at most, when nearly all is alive. */
const THRASH_PER_SECOND = 1.3
const LITTLE_FREED_PCT = 25

/** What is known beside the recording. Memory in MB. */
export interface MemoryLevel {
  readonly heapUsedMb: number
  /** Buffers and the like: their growth makes V8 collect as well, and frees nothing of the heap. */
  readonly externalMb: number
  /** Of the full collections of the last seconds, those that code asked for. */
  readonly forcedShare: number
}

/**
 * Judges a recording of collections. Thrash: full collections again and again that free little, because nearly
 * everything is alive. Pressure: much of the time goes into freeing what was needed for a moment. Forced: code
 * asks for full collections. Pure.
 *
 * @param ownPct Share of the time, no more than main was on a CPU.
 */
export function judgeMeasured(
  { majors, spanMs, freedPct }: Measured,
  ownPct: number,
  { heapUsedMb, externalMb, forcedShare }: MemoryLevel,
): GcTrouble | undefined {
  if (majors > 0 && forcedShare >= 0.5 && ownPct >= SUSPECT_PCT) return 'forced'
  const majorsPerSecond = (majors * 1000) / Math.max(spanMs, 1)
  const isInVain =
    majorsPerSecond >= THRASH_PER_SECOND && freedPct !== null && freedPct < LITTLE_FREED_PCT
  if (isInVain && externalMb < heapUsedMb / 2 && ownPct >= SUSPECT_PCT) return 'thrash'
  return ownPct >= PRESSURE_PCT ? 'pressure' : undefined
}
