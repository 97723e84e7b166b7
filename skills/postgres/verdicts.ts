/**
 * What is wrong, from the rates of the last intervals and what is normal. Pure.
 *
 * Nothing is wrong that was so from the beginning, that does not last three readings, or that is small in
 * absolute terms: a busy healthy service must stay silent.
 */
import { type Interval, LEARN_MS, type Normal, type StatementRate } from './history.ts'
import { mean, READINGS, spanOf, total } from './numbers.ts'
import { leaks, looseOnes, openOnes, pools } from './pool-verdicts.ts'
import type { ErrorTrouble, RunTrouble, SlowTrouble, StuckTrouble, Trouble } from './trouble.ts'

const SLOW_FROM_MS = 50
/** A statement that keeps a connection busy all the time by being called more often. */
const MORE_FROM_MS = 8
/** Below so many times the lateness of the loop a time says nothing. */
const LATE_FACTOR = 1.5
const STUCK_FROM_MS = 3000
/** A run counts when it takes this long, or is this long. */
const RUN_FROM_MS = 25
const RUN_FROM_CALLS = 40

/** A single reading that is worth a closer watch; nothing is wrong yet. */
export function isSuspect(interval: Interval): boolean {
  return (
    interval.pools.some(
      ({ waiting, holders }) => waiting > 0 || holders.some((holder) => holder.restingCount > 0),
    ) ||
    interval.load + interval.active >= 2 ||
    interval.connectErrors > 0 ||
    interval.errors > 0 ||
    interval.statements.some(({ oldestActiveMs, runs }) => oldestActiveMs > 1500 || runs > 0)
  )
}

/** Judges the newest intervals. */
export function judge(intervals: readonly Interval[], normal: Normal): Trouble[] {
  const recent = intervals.slice(-READINGS)
  if (recent.length < READINGS || normal.learntMs < LEARN_MS) return []
  const watched = intervals.slice(-12)
  return [
    ...leaks(watched, recent),
    ...looseOnes(watched, recent),
    ...openOnes(recent),
    ...stuckOnes(recent, normal),
    ...slowOnes(recent, normal),
    ...runsOf(recent, normal),
    ...pools(recent, normal),
    ...failing(recent),
  ]
}

function slowOnes(recent: readonly Interval[], normal: Normal): SlowTrouble[] {
  const found = candidates(recent).flatMap(({ statement, seen }): SlowTrouble[] => {
    if (!seen.every((rate) => rate.meanMs > 0)) return []
    const usual = normal.statement(statement.id)
    const slow = slowTrouble(statement, seen, recent, normal)
    const { meanMs, load, share } = slow
    // A late loop makes every query look slow; the plan will say more.
    if (meanMs < LATE_FACTOR * slow.loopLateMs) return []
    const isSlower =
      usual !== undefined &&
      meanMs >= SLOW_FROM_MS &&
      seen.every((rate) => rate.meanMs >= 3 * usual.meanMs) &&
      share >= 0.4
    const isMore =
      load >= 1 &&
      load >= 3 * (usual?.load ?? 0) &&
      load >= 3 * normal.load &&
      meanMs >= MORE_FROM_MS &&
      share >= 0.5
    const isNew = usual === undefined && meanMs >= 1000 && share >= 0.5
    return isSlower || isMore || isNew ? [slow] : []
  })
  return found.sort((left, right) => right.load - left.load).slice(0, 1)
}

/** The statement that takes most of the time in the database, whether that is usual or not. */
export function busiestOf(intervals: readonly Interval[], normal: Normal): SlowTrouble | undefined {
  const recent = intervals.slice(-READINGS)
  return candidates(recent)
    .map(({ statement, seen }) => slowTrouble(statement, seen, recent, normal))
    .filter(({ share, load }) => share >= 0.5 && load >= 1)
    .toSorted((left, right) => right.load - left.load)[0]
}

function slowTrouble(
  statement: StatementRate,
  seen: readonly StatementRate[],
  recent: readonly Interval[],
  normal: Normal,
): SlowTrouble {
  const usual = normal.statement(statement.id)
  const ended = seen.filter((rate) => rate.meanMs > 0)
  const meanMs = mean(ended.map((rate) => rate.meanMs))
  const load = mean(seen.map((rate) => rate.load))
  return {
    kind: 'slow',
    key: `slow:${statement.id}`,
    severity: load >= 4 || meanMs >= 2000 ? 'critical' : 'warning',
    overMs: spanOf(recent),
    statement,
    meanMs,
    load,
    share: load / Math.max(load, mean(recent.map((interval) => interval.load)), 1e-9),
    callsPerSecond: mean(seen.map((rate) => rate.callsPerSecond)),
    normalMs: usual?.meanMs,
    normalPerSecond: usual?.callsPerSecond ?? 0,
    loopLateMs: mean(recent.map(({ loopLateMs }) => loopLateMs)),
    waiting: total((recent.at(-1)?.pools ?? []).map((pool) => pool.waiting)),
  }
}

function stuckOnes(recent: readonly Interval[], normal: Normal): StuckTrouble[] {
  const last = recent.at(-1)
  const found = candidates(recent).flatMap(({ statement, seen }): StuckTrouble[] => {
    const usual = normal.statement(statement.id)
    const isGrowing = seen.every(
      (rate, index) => index === 0 || rate.oldestActiveMs > (seen[index - 1]?.oldestActiveMs ?? 0),
    )
    if (!isGrowing || statement.active === 0) return []
    if (
      statement.oldestActiveMs <
      Math.max(STUCK_FROM_MS, 20 * (usual?.meanMs ?? 0), 10 * (last?.loopLateMs ?? 0))
    )
      return []
    // A statement that was never quick may just be a long one: others must be waiting with it.
    if (usual === undefined && statement.active < 2) return []
    return [
      {
        kind: 'stuck',
        key: `stuck:${statement.id}`,
        severity:
          (last?.active ?? 0) >= 5 || statement.oldestActiveMs > 10_000 ? 'critical' : 'warning',
        overMs: statement.oldestActiveMs,
        statement,
        normalMs: usual?.meanMs,
      },
    ]
  })
  return found.sort((left, right) => right.statement.active - left.statement.active).slice(0, 1)
}

function runsOf(recent: readonly Interval[], normal: Normal): RunTrouble[] {
  const found = candidates(recent).flatMap(({ statement, seen }): RunTrouble[] => {
    const runs = total(seen.map((rate) => rate.runs))
    if (runs < READINGS || !seen.every((rate) => rate.runs > 0)) return []
    const usual = normal.statement(statement.id)
    const repeated = total(seen.map((rate) => rate.runCalls))
    const length = repeated / runs
    const runMs = total(seen.map((rate) => rate.runMs)) / runs
    const runsPerSecond = (runs * 1000) / spanOf(recent)
    const share = repeated / Math.max(1, total(recent.map(({ calls }) => calls)))
    const isNew =
      runsPerSecond >= 2 * (usual?.runsPerSecond ?? 0) || length >= 2 * (usual?.longestRun ?? 0)
    const isLong = runMs >= RUN_FROM_MS || length >= RUN_FROM_CALLS
    if (!isNew || !isLong || share < 0.5) return []
    return [
      {
        kind: 'run',
        key: `run:${statement.id}`,
        severity: 'warning',
        overMs: spanOf(recent),
        statement,
        length,
        runMs,
        runsPerSecond,
        share,
        normalLength: usual === undefined || usual.runsPerSecond === 0 ? 0 : usual.longestRun,
      },
    ]
  })
  return found.sort((left, right) => right.runMs - left.runMs).slice(0, 1)
}

function failing(recent: readonly Interval[]): ErrorTrouble[] {
  const overMs = spanOf(recent)
  const connects = total(recent.map(({ connectErrors }) => connectErrors))
  const found: ErrorTrouble[] = []
  if (recent.every(({ connectErrors }) => connectErrors > 0) && connects >= 5)
    found.push({
      kind: 'errors',
      key: 'errors:connect',
      severity: 'critical',
      overMs,
      statement: 0,
      errors: connects,
      calls: connects,
    })
  for (const { statement, seen } of candidates(recent)) {
    const errors = total(seen.map((rate) => rate.errors))
    const calls = total(seen.map((rate) => rate.calls))
    if (!seen.every((rate) => rate.errors > 0) || errors < 10 || errors < calls * 0.2) continue
    found.push({
      kind: 'errors',
      key: `errors:${statement.id}`,
      severity: 'warning',
      overMs,
      statement: statement.id,
      errors,
      calls,
    })
  }
  return found.sort((left, right) => right.errors - left.errors).slice(0, 1)
}

/** Statements that every one of the intervals knows. */
function candidates(
  recent: readonly Interval[],
): { readonly statement: StatementRate; readonly seen: readonly StatementRate[] }[] {
  return (recent.at(-1)?.statements ?? []).flatMap((statement) => {
    const seen = recent.flatMap(({ statements }) =>
      statements.filter(({ id }) => id === statement.id),
    )
    return seen.length < recent.length ? [] : [{ statement, seen }]
  })
}
