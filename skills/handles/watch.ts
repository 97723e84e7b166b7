import { readdirSync } from 'node:fs'
import type { Json } from '../json.ts'
import { type Point, type Rise, Series } from '../series.ts'
import { countTargets, readTargets } from './descriptors.ts'
import { type CrashCount, type HandleReading, parseReading } from './reading.ts'
import { isCrashLoop, LIMITS, timersOutpaceConnections } from './verdicts.ts'

/** What grows by itself. */
export type Growing =
  | { readonly what: 'site'; readonly kind: string; readonly siteId: number; readonly rise: Rise }
  | { readonly what: 'timers' | 'files'; readonly rise: Rise }

/** A worker or child process that is started again and again and dies. */
export interface CrashLoop {
  readonly groupId: number
  readonly what: string
  /** Crashes within the last seconds. */
  readonly crashes: number
  readonly overMs: number
  readonly total: number
}

const MAX_SERIES = 120
const LOOK_BACK_MS = 12_000
/** A descriptor takes 35 microseconds to look at: this keeps it below half a per cent of the gateway's thread. */
const LOOK_PER_DESCRIPTOR_MS = 7

/** Keeps the history of counts, and says which of them grow. Runs beside main. */
export class HandleWatch {
  readonly #sites = new Map<number, { kind: string; series: Series }>()
  readonly #crashes = new Map<number, { group: CrashCount; series: Series }>()
  readonly timers = new Series()
  readonly connections = new Series()
  readonly descriptors = new Series()
  readonly #files = new Series()
  #lookedAt = 0
  reading: HandleReading | undefined
  /** What the open descriptors pointed to while all was quiet. */
  quietTargets: ReadonlyMap<string, number> = new Map()

  hear(value: Json, now: number): void {
    const reading = parseReading(value)
    if (reading === undefined) return
    const isFirst = this.reading === undefined
    this.reading = reading
    for (const { id, kind, created, closed } of reading.sites) {
      const series = keep(this.#sites, id, () => ({ kind, series: new Series() })).series
      series.add({ at: now, value: created - closed })
    }
    for (const group of reading.crashes) {
      const kept = keep(this.#crashes, group.id, () => ({ group, series: new Series() }))
      this.#crashes.set(group.id, { ...kept, group })
      if (kept.series.last === undefined && !isFirst) kept.series.add({ at: now - 2000, value: 0 })
      kept.series.add({ at: now, value: group.count })
    }
    this.timers.add({ at: now, value: reading.resources['Timeout'] ?? 0 })
    this.connections.add({ at: now, value: reading.resources['TCPSocketWrap'] ?? 0 })
    this.#readDescriptors(now)
  }

  growing(): Growing[] {
    const found: Growing[] = []
    for (const [siteId, { kind, series }] of this.#sites) {
      const rise = series.rise(LIMITS[kind] ?? LIMITS.socket)
      if (rise !== undefined) found.push({ what: 'site', kind, siteId, rise })
    }
    const timers = this.timers.rise(LIMITS.timers)
    if (timers !== undefined && timersOutpaceConnections(timers, this.#connectionsDuring(timers))) {
      found.push({ what: 'timers', rise: timers })
    }
    const files = this.#files.rise(LIMITS.files)
    if (files !== undefined) found.push({ what: 'files', rise: files })
    return found
  }

  crashLoops(now: number): CrashLoop[] {
    const loops: CrashLoop[] = []
    for (const { group, series } of this.#crashes.values()) {
      const from = Math.max(now - LOOK_BACK_MS, series.since(0)[0]?.at ?? now)
      const crashes = group.count - series.valueAt(from)
      const site = this.reading?.sites.find(({ id }) => id === group.siteId)
      if (!isCrashLoop(group, crashes, site)) continue
      loops.push({
        groupId: group.id,
        what: group.what,
        crashes,
        overMs: Math.max(1, now - from),
        total: group.count,
      })
    }
    return loops.sort((left, right) => right.crashes - left.crashes)
  }

  #connectionsDuring({ overMs }: Rise): readonly Point[] {
    const last = this.connections.last
    return last === undefined ? [] : this.connections.since(last.at - overMs)
  }

  /** Descriptors that are no sockets of the ledger: counted cheaply, looked at only when they grow. */
  #readDescriptors(now: number): void {
    const open = countDescriptors()
    if (open === undefined) return
    this.descriptors.add({ at: now, value: open })
    const grown = open - this.descriptors.valueAt(now - 6000)
    const isGrowing =
      grown >= LIMITS.files.least / 2 || this.descriptors.rise(LIMITS.files) !== undefined
    if (now - this.#lookedAt < open * LOOK_PER_DESCRIPTOR_MS) return
    if (!isGrowing && this.#files.last === undefined) {
      if (this.quietTargets.size === 0) this.quietTargets = countTargets(readTargets())
      return
    }
    this.#lookedAt = now
    const targets = countTargets(readTargets())
    let files = 0
    for (const [target, count] of targets) if (target.startsWith('/')) files += count
    if (this.#files.last === undefined) {
      let quiet = 0
      for (const [target, count] of this.quietTargets) if (target.startsWith('/')) quiet += count
      this.#files.add({ at: now - 6000, value: quiet })
    }
    this.#files.add({ at: now, value: files })
  }
}

function countDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

function keep<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const oldest = map.size >= MAX_SERIES ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
  const made = make()
  map.set(key, made)
  return made
}
