import type { HeartbeatReader } from '../gateway/heartbeat-reader.ts'
import { readMainThread } from '../gateway/thread-state.ts'
import type { MetricReadings } from '../history/feed.ts'

const MB = 1_048_576
/** Main reads its memory each second; what is older than this was read before it got stuck. */
const FRESH_MS = 3000
/** Heartbeats of a second. */
const BEATS = 20

/** The virtual machine's numbers for the history; about 0.1 ms, and nothing of main is needed. */
export class VmMeter {
  readonly #reader: HeartbeatReader
  #loop: { readonly activeMs: number; readonly idleMs: number } | undefined

  constructor(reader: HeartbeatReader) {
    this.#reader = reader
  }

  readonly metrics = (now: number): MetricReadings => {
    const { user, system } = process.cpuUsage()
    const cpuMs = (user + system) / 1000
    return {
      gauges: {
        ...this.#memory(now),
        rssMb: process.memoryUsage.rss() / MB,
        loopUtilizationPct: this.#utilizationPct(),
        loopDelayMaxMs: Math.max(0, ...this.#reader.recentLatenesses(BEATS)),
      },
      counters: { processCpuMs: cpuMs, mainCpuMs: readMainThread()?.runMs ?? null },
    }
  }

  #memory(now: number): Record<string, number | null> {
    const isFresh = now - this.#reader.gauge('memoryAt') < FRESH_MS
    const mb = (name: Parameters<HeartbeatReader['gauge']>[0]): number | null =>
      isFresh ? this.#reader.gauge(name) / MB : null
    const limit = this.#reader.gauge('heapLimitBytes')
    return {
      heapUsedMb: mb('heapUsedBytes'),
      heapTotalMb: mb('heapTotalBytes'),
      heapUsedPct:
        isFresh && limit > 0 ? (100 * this.#reader.gauge('heapUsedBytes')) / limit : null,
      externalMb: mb('externalBytes'),
      arrayBuffersMb: mb('arrayBufferBytes'),
    }
  }

  /** Since the last time; null while main is stuck, whose counters then stand still. */
  #utilizationPct(): number | null {
    const activeMs = this.#reader.gauge('loopActiveMs')
    const idleMs = this.#reader.gauge('loopIdleMs')
    const before = this.#loop
    this.#loop = { activeMs, idleMs }
    if (before === undefined) return null
    const wallMs = activeMs - before.activeMs + idleMs - before.idleMs
    return wallMs <= 0 ? null : (100 * (activeMs - before.activeMs)) / wallMs
  }
}
