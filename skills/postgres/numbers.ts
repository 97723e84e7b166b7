import type { Interval } from './history.ts'

/** Readings in a row that must agree before something is wrong. */
export const READINGS = 3

export function spanOf(intervals: readonly Interval[]): number {
  return total(intervals.map(({ spanMs }) => spanMs))
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

export function mean(values: readonly number[]): number {
  return total(values) / Math.max(values.length, 1)
}
