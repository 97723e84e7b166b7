/** Verdicts on connections: those that do not come back, those that are waited for, those nobody ends. Pure. */
import type { Interval, Normal, PoolRate } from './history.ts'
import { mean, READINGS, spanOf, total } from './numbers.ts'
import type { LeakTrouble, LooseTrouble, OpenTrouble, PoolTrouble } from './trouble.ts'

/** A forgotten client is out for so long at least. */
const LEAK_FROM_MS = 3000
const WAIT_FROM_MS = 1000
const MEAN_WAIT_FROM_MS = 200

export function leaks(watched: readonly Interval[], recent: readonly Interval[]): LeakTrouble[] {
  const last = recent.at(-1)
  if (last === undefined) return []
  return last.pools.flatMap((pool) =>
    pool.holders.flatMap((holder): LeakTrouble[] => {
      const trail = watched.map((interval) => ({
        at: interval.at,
        ...holderAt(interval, pool.id, holder.site),
      }))
      const tail = trail.slice(-READINGS)
      const counts = tail.map(({ restingCount }) => restingCount)
      const isRising = counts.every(
        (count, index) => index === 0 || count >= (counts[index - 1] ?? 0),
      )
      const isFull = pool.max > 0 && pool.total >= pool.max && pool.idle === 0 && pool.waiting > 0
      const isSame = tail.every(
        ({ at, oldestMs }) => Math.abs(holder.oldestMs - oldestMs - (last.at - at)) < 100,
      )
      const enough = Math.min(pool.max === 0 ? 3 : pool.max, isFull ? 2 : 3)
      if (!isRising || !isSame || holder.oldestMs < LEAK_FROM_MS || holder.restingCount < enough)
        return []
      const hasGrown = holder.restingCount > (counts[0] ?? 0) || isFull
      if (!hasGrown) return []
      const first = trail.find(({ restingCount }) => restingCount > 0) ?? trail[0]
      return [
        {
          kind: 'leak',
          key: `leak:${pool.id}:${holder.site}`,
          severity: isFull ? 'critical' : 'warning',
          overMs: holder.oldestMs,
          pool,
          holder,
          fromCount: first?.restingCount ?? 0,
        },
      ]
    }),
  )
}

function holderAt(
  interval: Interval,
  pool: number,
  site: number,
): { readonly restingCount: number; readonly oldestMs: number } {
  const holders = interval.pools.find(({ id }) => id === pool)?.holders ?? []
  const { restingCount = 0, oldestMs = 0 } = holders.find((holder) => holder.site === site) ?? {}
  return { restingCount, oldestMs }
}

export function pools(recent: readonly Interval[], normal: Normal): PoolTrouble[] {
  const last = recent.at(-1)
  return (last?.pools ?? []).flatMap((pool): PoolTrouble[] => {
    const seen = recent.flatMap(({ pools: all }) => all.filter(({ id }) => id === pool.id))
    const isWaiting = (rate: PoolRate): boolean =>
      rate.waiting > 0 &&
      (rate.oldestWaitMs >= WAIT_FROM_MS ||
        rate.meanWaitMs >= Math.max(MEAN_WAIT_FROM_MS, 5 * normal.meanWaitMs))
    if (seen.length < READINGS || !seen.every(isWaiting)) return []
    const isDry = seen.every((rate) => rate.acquired === 0)
    return [
      {
        kind: 'pool',
        key: `pool:${pool.id}`,
        severity: isDry || pool.oldestWaitMs > 5000 ? 'critical' : 'warning',
        overMs: spanOf(recent),
        pool,
        meanWaitMs: mean(seen.map(({ meanWaitMs }) => meanWaitMs)),
        normalWaitMs: normal.meanWaitMs,
      },
    ]
  })
}

export function looseOnes(
  watched: readonly Interval[],
  recent: readonly Interval[],
): LooseTrouble[] {
  const openAt = (interval: Interval | undefined, site: number): number =>
    interval?.loose.find((entry) => entry.site === site)?.open ?? 0
  return (recent.at(-1)?.loose ?? []).flatMap(({ site, open }): LooseTrouble[] => {
    const counts = recent.map((interval) => openAt(interval, site))
    const isRising = counts.every((count, index) => index === 0 || count > (counts[index - 1] ?? 0))
    const fromOpen = openAt(watched[0], site)
    if (!isRising || open < 10 || open - fromOpen < 5) return []
    const overMs = spanOf(watched)
    return [
      { kind: 'loose', key: `loose:${site}`, severity: 'warning', overMs, site, open, fromOpen },
    ]
  })
}

export function openOnes(recent: readonly Interval[]): OpenTrouble[] {
  const counts = recent.map(({ pools: all }) =>
    total(all.map((pool) => pool.releasedInTransaction)),
  )
  if (!counts.every((count) => count > 0)) return []
  const overMs = spanOf(recent)
  return [{ kind: 'open', key: 'open', severity: 'warning', overMs, count: total(counts) }]
}
