import { relative } from 'node:path'
import type { Severity } from '../contract.ts'
import type { Json, JsonRecord } from '../json.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { analyseStall } from './analyse.ts'
import { explanationOf, observationOf, remedyOf, type StallTotals, severityOf } from './explain.ts'
import { isHeapNearlyFull, mb } from './heap-fill.ts'
import { blockedMs, type Culprit, type StallEvidence } from './stall.ts'

/** Stalls at one place, counted together. */
export interface StallPlace {
  readonly key: string
  readonly culprit: Culprit
  readonly totals: StallTotals
  readonly severity: Severity
  readonly firstAt: number
  readonly lastAt: number
}

interface LoggedStall {
  readonly key: string
  readonly culprit: Culprit
  readonly evidence: StallEvidence
}

/** How long a stall is remembered, and how many. */
export const KEEP_MS = 300_000
const KEEP_STALLS = 500
const RANK: Record<Severity, number> = { critical: 2, warning: 1, info: 0 }

/** The stalls of the last five minutes, 500 at most, and the one under way. */
export class StallLog {
  readonly #files: SourceFiles
  readonly #root: string
  #closed: LoggedStall[] = []
  #open: LoggedStall | undefined

  constructor(files: SourceFiles, root: string) {
    this.#files = files
    this.#root = root
  }

  /** Takes in a stall, or what is new of one under way. Returns its place. */
  note(evidence: StallEvidence, now: number): StallPlace | undefined {
    const culprit = analyseStall(evidence, this.#files)
    const record = { key: keyOf(culprit), culprit, evidence }
    this.#open = evidence.ongoing ? record : undefined
    if (!evidence.ongoing) this.#closed.push(record)
    this.#closed = this.#closed
      .filter((entry) => entry.evidence.startedAt > now - KEEP_MS)
      .slice(-KEEP_STALLS)
    return this.places(now).find((place) => place.key === record.key)
  }

  /** Stalls of the last five minutes, under way included. */
  count(now: number): number {
    return this.#recent(now).length
  }

  /** By place: the worst first, then the newest. */
  places(now: number): StallPlace[] {
    const groups = new Map<string, LoggedStall[]>()
    for (const record of this.#recent(now)) {
      groups.set(record.key, [...(groups.get(record.key) ?? []), record])
    }
    return [...groups.entries()]
      .map(([key, records]) => toPlace(key, records))
      .sort(
        (left, right) => RANK[right.severity] - RANK[left.severity] || right.lastAt - left.lastAt,
      )
  }

  /** A place as a row for Lua, prompts and the rules model. */
  row(place: StallPlace): JsonRecord {
    const { culprit, totals, severity } = place
    const { location } = culprit
    const where = this.#where(culprit)
    return {
      kind: culprit.kind,
      severity,
      reportable: severity !== 'info',
      confidence: culprit.confidence,
      ongoing: totals.ongoing,
      count: totals.count,
      longestMs: Math.round(totals.longestMs),
      totalMs: Math.round(totals.totalMs),
      cpuSharePct: totals.cpuSharePct ?? null,
      firstAt: new Date(place.firstAt).toISOString(),
      lastAt: new Date(place.lastAt).toISOString(),
      culprit: location === undefined ? null : { ...location },
      where,
      packageFunction: culprit.packageFunction ?? null,
      detail: culprit.detail ?? null,
      pattern: culprit.pattern ?? null,
      sourceLine: culprit.sourceLine ?? null,
      heapMb: culprit.heap === undefined ? null : mb(culprit.heap.toBytes),
      heapLimitMb: culprit.heap === undefined ? null : mb(culprit.heap.limitBytes),
      looks: culprit.samples,
      looksSharePct: culprit.sharePct,
      stack: [...culprit.stack],
      observation: observationOf(culprit, totals, where),
      explanation: explanationOf(culprit, where),
      remedy: remedyOf(culprit),
    }
  }

  rows(limit: number, now: number): Json[] {
    return this.places(now)
      .slice(0, limit)
      .map((place) => this.row(place))
  }

  #recent(now: number): LoggedStall[] {
    const closed = this.#closed.filter((entry) => entry.evidence.startedAt > now - KEEP_MS)
    return this.#open === undefined ? closed : [...closed, this.#open]
  }

  #where({ location }: Culprit): string {
    if (location === undefined) return 'code that left no stack'
    const path = relative(this.#root, location.file)
    return `${location.function}() at ${path.startsWith('..') ? location.file : path}:${location.line}`
  }
}

/** Stalls of one function belong together, whatever its line. */
function keyOf({ location, kind }: Culprit): string {
  if (location === undefined) return `?\n${kind}`
  return `${location.file}\n${location.function}`
}

function toPlace(key: string, records: readonly LoggedStall[]): StallPlace {
  const durations = records.map((record) => blockedMs(record.evidence))
  const longest = records.map(({ evidence }) => evidence.blocks?.longestMs ?? blockedMs(evidence))
  const counts = records.map(({ evidence }) => evidence.blocks?.count ?? 1)
  const best = records.reduce((one, other) => (weight(other) >= weight(one) ? other : one))
  const cpuSharePct = cpuShareOf(records)
  const totals: StallTotals = {
    count: counts.reduce((total, count) => total + count, 0),
    longestMs: Math.max(...longest),
    totalMs: durations.reduce((total, ms) => total + ms, 0),
    ongoing: records.some((record) => record.evidence.ongoing),
    cpuSharePct,
  }
  return {
    key,
    culprit: best.culprit,
    totals,
    severity: isDying(best.culprit) ? 'critical' : severityOf(best.culprit.kind, totals),
    firstAt: Math.min(...records.map((record) => record.evidence.startedAt)),
    lastAt: Math.max(
      ...records.map((record) => record.evidence.startedAt + record.evidence.durationMs),
    ),
  }
}

/** What fills more than half of the heap in one go has seconds until the process ends. */
function isDying({ heap }: Culprit): boolean {
  return heap !== undefined && isHeapNearlyFull(heap)
}

/** Of the stalls whose CPU time is known. */
function cpuShareOf(records: readonly LoggedStall[]): number | undefined {
  let runMs = 0
  let wallMs = 0
  for (const { evidence } of records) {
    if (evidence.runMs === undefined) continue
    runMs += evidence.runMs
    wallMs += evidence.durationMs
  }
  return wallMs === 0 ? undefined : Math.min(100, Math.round((100 * runMs) / wallMs))
}

/** The better founded of two findings at one place speaks for both. */
function weight({ culprit }: LoggedStall): number {
  const confidence = { high: 2, medium: 1, low: 0 }[culprit.confidence]
  return confidence * 1000 + Math.min(culprit.samples, 100)
}
