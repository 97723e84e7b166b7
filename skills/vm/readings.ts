import { stat } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { type HeartbeatReader, percentile } from '../gateway/heartbeat-reader.ts'
import { readThreads, type ThreadCpu } from '../gateway/thread-state.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { Growth } from './heap-growth.ts'

/** Counters at one moment, for rates over a window. */
export interface VmMark {
  readonly at: number
  readonly loopActiveMs: number
  readonly loopIdleMs: number
  readonly gcTotalMs: number
  readonly gcCount: number
  readonly threads: readonly ThreadCpu[]
}

const MB = 1_048_576

/** Reads all counters from outside main. */
export function markNow(reader: HeartbeatReader): VmMark {
  return {
    at: epochMs(),
    loopActiveMs: reader.gauge('loopActiveMs'),
    loopIdleMs: reader.gauge('loopIdleMs'),
    gcTotalMs: reader.gauge('gcTotalMs'),
    gcCount: reader.gauge('gcMajorCount') + reader.gauge('gcMinorCount'),
    threads: readThreads(),
  }
}

/** Pure: what happened between two marks, as shares of the time. */
export function ratesBetween(from: VmMark, to: VmMark): JsonRecord {
  const wallMs = Math.max(to.at - from.at, 1)
  const activeMs = to.loopActiveMs - from.loopActiveMs
  const idleMs = to.loopIdleMs - from.loopIdleMs
  const cpuMs = threadCpu(from, to).map((thread) => thread.ms)
  const mainMs = threadCpu(from, to).find((thread) => thread.name === 'main')?.ms ?? 0
  const total = cpuMs.reduce((sum, ms) => sum + ms, 0)
  return {
    windowMs: Math.round(wallMs),
    loopUtilizationPct: pct(activeMs, activeMs + idleMs),
    gcSharePct: pct(to.gcTotalMs - from.gcTotalMs, wallMs),
    gcPerSecond: round1(((to.gcCount - from.gcCount) * 1000) / wallMs),
    mainCpuPct: pct(mainMs, wallMs),
    processCpuPct: pct(total, wallMs),
    coresPct: pct(total, wallMs * availableParallelism()),
  }
}

/** Pure: CPU share of each thread between two marks, the busiest first. */
export function threadRows(from: VmMark, to: VmMark, limit: number): JsonRecord[] {
  const wallMs = Math.max(to.at - from.at, 1)
  return threadCpu(from, to)
    .sort((left, right) => right.ms - left.ms)
    .slice(0, limit)
    .map(({ threadId, name, ms }) => ({ threadId, name, cpuPct: pct(ms, wallMs) }))
}

function threadCpu(from: VmMark, to: VmMark): { threadId: number; name: string; ms: number }[] {
  const before = new Map(from.threads.map((thread) => [thread.threadId, thread.runMs]))
  return to.threads.map(({ threadId, name, runMs }) => ({
    threadId,
    name,
    ms: Math.max(0, runMs - (before.get(threadId) ?? runMs)),
  }))
}

/** Memory of the process and of main's heap, in megabytes. */
export function memoryOf(
  reader: HeartbeatReader,
  growth: { heap: Growth | undefined; external: Growth | undefined },
): JsonRecord {
  const limit = reader.gauge('heapLimitBytes')
  const used = reader.gauge('heapUsedBytes')
  const rss = process.memoryUsage.rss()
  const constrained = process.constrainedMemory() ?? 0
  const memory = constrained > 0 && constrained < totalmem() ? constrained : totalmem()
  return {
    heapUsedMb: mb(used),
    heapTotalMb: mb(reader.gauge('heapTotalBytes')),
    heapLimitMb: mb(limit),
    heapUsedPct: pct(used, limit),
    externalMb: mb(reader.gauge('externalBytes')),
    arrayBuffersMb: mb(reader.gauge('arrayBufferBytes')),
    rssMb: mb(rss),
    rssPctOfMemory: pct(rss, memory),
    heapFloorGrowthMbPerMinute: perMinute(growth.heap),
    externalGrowthMbPerMinute: perMinute(growth.external),
  }
}

/** Lateness of main's timers over the last minute, and how late it is now. */
export function loopDelayOf(reader: HeartbeatReader, lateMs: number): JsonRecord {
  const late = reader.latenesses()
  return {
    loopDelayP50Ms: round1(percentile(late, 0.5)),
    loopDelayP99Ms: round1(percentile(late, 0.99)),
    loopDelayMaxMs: round1(late.at(-1) ?? 0),
    loopLateNowMs: Math.round(lateMs > 20 ? lateMs : 0),
  }
}

/**
 * How long a file system call waits in the thread pool that main shares with this thread.
 *
 * An idle pool takes 0.1 to 1 ms; a saturated one as long as the work ahead of it.
 */
export async function threadPoolLatencyMs(atMostMs: number): Promise<number> {
  const startedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, atMostMs)
  })
  await Promise.race([stat('/').catch(() => undefined), late])
  clearTimeout(timer)
  return round1(performance.now() - startedAt)
}

function perMinute(growth: Growth | undefined): number {
  if (growth === undefined) return 0
  return round1((((growth.toBytes - growth.fromBytes) / MB) * 60_000) / Math.max(growth.overMs, 1))
}

function mb(bytes: number): number {
  return round1(bytes / MB)
}

function pct(part: number, whole: number): number {
  return whole <= 0 ? 0 : round1((100 * part) / whole)
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
