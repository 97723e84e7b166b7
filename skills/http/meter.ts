import type { MetricReadings } from '../history/feed.ts'
import { bucketPercentile } from './stats.ts'
import type { Direction, HttpWatch } from './watch.ts'

/** The newest window of all routes or hosts together, as numbers for the history. */
export function httpReadings(watch: HttpWatch): MetricReadings {
  const { at, isFirst } = watch
  if (isFirst) return {}
  return {
    gauges: {
      ...trafficOf(watch, 'inbound', 'in', at),
      ...trafficOf(watch, 'outbound', 'out', at),
      waitingMb: (watch.waitingBytes.last?.value ?? 0) / 1_048_576,
    },
  }
}

/** Latencies only of requests that there were. */
function trafficOf(
  watch: HttpWatch,
  direction: Direction,
  name: string,
  at: number,
): Record<string, number | null> {
  const windows = watch[direction].keys().flatMap((key) => {
    const last = watch[direction].of(key).at(-1)
    return last?.at === at ? [last] : []
  })
  const sum = (pick: (window: (typeof windows)[number]) => number): number =>
    windows.reduce((total, window) => total + pick(window), 0)
  const width = Math.max(0, ...windows.map(({ buckets }) => buckets.length))
  const buckets = Array.from({ length: width }, (_, index) =>
    sum(({ buckets: counts }) => counts[index] ?? 0),
  )
  const count = sum((window) => window.count)
  const seconds = Math.max(0, ...windows.map(({ spanMs }) => spanMs)) / 1000
  return {
    [`${name}PerSecond`]: seconds === 0 ? 0 : count / seconds,
    [`${name}ErrorsPerSecond`]: seconds === 0 ? 0 : sum(({ errors }) => errors) / seconds,
    [`${name}P50Ms`]: count === 0 ? null : bucketPercentile(buckets, 0.5),
    [`${name}P99Ms`]: count === 0 ? null : bucketPercentile(buckets, 0.99),
    [`${name}Open`]: sum(({ open }) => open),
    [`${name}Waiting`]: sum(({ waiting }) => waiting),
  }
}
