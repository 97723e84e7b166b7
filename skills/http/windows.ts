import { numberOf, recordsOf } from '../handles/reading.ts'
import { isRecord, type Json } from '../json.ts'
import { bucketPercentile } from './stats.ts'

/** One route or host as main counted it. */
export interface KeyReading {
  readonly key: string
  readonly count: number
  readonly errors: number
  readonly refusals: number
  readonly aborted: number
  readonly buckets: readonly number[]
  readonly open: number
  readonly oldestMs: number
  readonly waiting: number
  readonly oldestWaitingMs: number
  readonly unread: number
}

/** What happened to one route or host between two readings, and what was under way at the second. */
export interface Window extends KeyReading {
  readonly at: number
  readonly spanMs: number
}

const MAX_WINDOWS = 90
const MAX_KEYS = 80

export function parseKeys(value: Json | undefined): KeyReading[] {
  return recordsOf(value).map((row) => ({
    key: String(row['key']),
    count: numberOf(row['count']),
    errors: numberOf(row['errors']),
    refusals: numberOf(row['refusals']),
    aborted: numberOf(row['aborted']),
    buckets: Array.isArray(row['buckets']) ? row['buckets'].map(numberOf) : [],
    open: numberOf(row['open']),
    oldestMs: numberOf(row['oldestMs']),
    waiting: numberOf(row['waiting']),
    oldestWaitingMs: numberOf(row['oldestWaitingMs']),
    unread: numberOf(row['unread']),
  }))
}

/** Makes windows of cumulative readings, by key; keeps three minutes. */
export class WindowBook {
  readonly #last = new Map<string, { reading: KeyReading; at: number }>()
  readonly #windows = new Map<string, Window[]>()

  add(readings: readonly KeyReading[], at: number): void {
    for (const reading of readings) {
      const before = this.#last.get(reading.key)
      this.#last.set(reading.key, { reading, at })
      const spanMs = before === undefined ? 2000 : at - before.at
      const window = { ...difference(reading, before?.reading), at, spanMs }
      const kept = this.#windows.get(reading.key) ?? []
      if (kept.length === 0 && this.#windows.size >= MAX_KEYS) continue
      this.#windows.set(reading.key, [...kept.slice(1 - MAX_WINDOWS), window])
    }
  }

  keys(): string[] {
    return [...this.#windows.keys()]
  }

  of(key: string): readonly Window[] {
    return this.#windows.get(key) ?? []
  }
}

/** Counters as differences; gauges as they are. A counter that fell began anew. */
function difference(now: KeyReading, before: KeyReading | undefined): KeyReading {
  const past = before === undefined || before.count > now.count ? undefined : before
  return {
    ...now,
    count: now.count - (past?.count ?? 0),
    errors: now.errors - (past?.errors ?? 0),
    refusals: now.refusals - (past?.refusals ?? 0),
    aborted: now.aborted - (past?.aborted ?? 0),
    buckets: now.buckets.map((count, index) => count - (past?.buckets[index] ?? 0)),
  }
}

/** Several windows as one. */
export interface Summary {
  readonly count: number
  readonly perSecond: number
  readonly errors: number
  readonly refusals: number
  readonly aborted: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly open: number
  readonly oldestMs: number
  readonly waiting: number
  readonly oldestWaitingMs: number
  readonly unread: number
}

export function summarise(windows: readonly Window[]): Summary {
  const sum = (pick: (window: Window) => number): number =>
    windows.reduce((total, window) => total + pick(window), 0)
  const width = Math.max(0, ...windows.map(({ buckets }) => buckets.length))
  const buckets = Array.from({ length: width }, (_, index) =>
    sum((window) => window.buckets[index] ?? 0),
  )
  const last = windows.at(-1)
  const count = sum((window) => window.count)
  return {
    count,
    perSecond:
      Math.round(
        (count * 10_000) /
          Math.max(
            1,
            sum((window) => window.spanMs),
          ),
      ) / 10,
    errors: sum((window) => window.errors),
    refusals: sum((window) => window.refusals),
    aborted: sum((window) => window.aborted),
    p50Ms: bucketPercentile(buckets, 0.5),
    p90Ms: bucketPercentile(buckets, 0.9),
    p99Ms: bucketPercentile(buckets, 0.99),
    open: last?.open ?? 0,
    oldestMs: last?.oldestMs ?? 0,
    waiting: last?.waiting ?? 0,
    oldestWaitingMs: last?.oldestWaitingMs ?? 0,
    unread: last?.unread ?? 0,
  }
}

/** The whole reading of main's part. */
export function parseHttpReading(
  value: Json,
): { inbound: KeyReading[]; outbound: KeyReading[]; waitingBytes: number } | undefined {
  if (!isRecord(value) || !('inbound' in value)) return undefined
  const { inbound, outbound, waitingBytes } = value
  return {
    inbound: parseKeys(jsonOf(inbound)),
    outbound: parseKeys(jsonOf(outbound)),
    waitingBytes: numberOf(waitingBytes),
  }
}

function jsonOf(value: unknown): Json {
  return Array.isArray(value) ? value : null
}
