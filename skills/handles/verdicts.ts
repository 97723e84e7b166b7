import type { Point, Rise, RiseLimits } from '../series.ts'
import type { CrashCount, SiteCount } from './reading.ts'

/** From when growth is worth a look. A pool that fills (to 10 or 20) must not count. */
export const LIMITS: Readonly<Record<string, RiseLimits>> & {
  readonly socket: RiseLimits
  readonly timers: RiseLimits
  readonly files: RiseLimits
} = {
  socket: { least: 30, factor: 1.5, readings: 3 },
  datagram: { least: 20, factor: 1.5, readings: 4 },
  server: { least: 10, factor: 2, readings: 4 },
  child: { least: 8, factor: 2, readings: 4 },
  worker: { least: 8, factor: 2, readings: 4 },
  timers: { least: 40, factor: 1.5, readings: 3 },
  files: { least: 24, factor: 1.5, readings: 3 },
}

/**
 * Timers that grow with the open connections (a heartbeat for each client) are no leak: the
 * growth of timers must be twice that of connections.
 */
export function timersOutpaceConnections(timers: Rise, connections: readonly Point[]): boolean {
  const first = connections[0]?.value ?? 0
  const last = connections.at(-1)?.value ?? first
  return timers.to - timers.from > Math.max(0, last - first) * 2
}

/** Crashes within the look-back that make a loop, and the longest life that counts as dying at start. */
const LEAST_CRASHES = 4
const SHORT_LIFE_MS = 5000
/** Of all ends of what the site starts, this share must be such crashes. */
const CRASH_SHARE = 0.5
/** So many crashes of one kind count even when they come slowly. */
const MANY_CRASHES = 8

/** Whether a site starts what dies, over and over. */
export function isCrashLoop(
  group: CrashCount,
  recentCrashes: number,
  site: SiteCount | undefined,
): boolean {
  if (site !== undefined && group.count < site.closed * CRASH_SHARE) {
    // an old pool may have had many ordinary ends: then only the recent crashes speak
    if (recentCrashes < LEAST_CRASHES * 2) return false
  }
  if (recentCrashes >= LEAST_CRASHES) return median(group.livesMs) <= SHORT_LIFE_MS
  return recentCrashes > 0 && group.count >= MANY_CRASHES
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** One look at a living socket. */
export interface SocketLook {
  readonly serial: number
  readonly bytes: number
  readonly hasRequest: boolean
  readonly ageMs: number
}

/** A socket that is younger may not have been used yet. */
const OLD_ENOUGH_MS = 1500

/** Share of the older sockets that carry no request and no byte from one look to the next, 0 to 1. */
export function idleShare(before: readonly SocketLook[], after: readonly SocketLook[]): number {
  const bytesBefore = new Map(before.map(({ serial, bytes }) => [serial, bytes]))
  const old = after.filter(({ ageMs }) => ageMs > OLD_ENOUGH_MS)
  const idle = old.filter(
    ({ hasRequest, serial, bytes }) => !hasRequest && bytesBefore.get(serial) === bytes,
  )
  return old.length === 0 ? 0 : idle.length / old.length
}
