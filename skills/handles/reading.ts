import { isRecord, type Json } from '../json.ts'

/** What main's part read. */
export interface HandleReading {
  /** Active resources by type. */
  readonly resources: Readonly<Record<string, number>>
  readonly totals: Readonly<Record<string, { readonly created: number; readonly closed: number }>>
  readonly sites: readonly SiteCount[]
  readonly crashes: readonly CrashCount[]
}

export interface SiteCount {
  readonly id: number
  readonly kind: string
  readonly created: number
  readonly closed: number
}

export interface CrashCount {
  readonly id: number
  readonly siteId: number
  readonly what: string
  readonly count: number
  readonly livesMs: readonly number[]
}

export function parseReading(value: Json): HandleReading | undefined {
  if (!isRecord(value) || !isRecord(value['totals'])) return undefined
  const resources = isRecord(value['resources']) ? value['resources'] : {}
  return {
    resources: Object.fromEntries(
      Object.entries(resources).map(([type, count]) => [type, numberOf(count)]),
    ),
    totals: Object.fromEntries(
      Object.entries(value['totals']).map(([kind, counts]) => [kind, countsOf(counts)]),
    ),
    sites: recordsOf(value['sites']).map((site) => ({
      id: numberOf(site['id']),
      kind: String(site['kind']),
      ...countsOf(site),
    })),
    crashes: recordsOf(value['crashes']).map((crash) => ({
      id: numberOf(crash['id']),
      siteId: numberOf(crash['siteId']),
      what: String(crash['what']),
      count: numberOf(crash['count']),
      livesMs: Array.isArray(crash['livesMs']) ? crash['livesMs'].map(numberOf) : [],
    })),
  }
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** The records of a list that came from main. */
export function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function countsOf(value: unknown): { created: number; closed: number } {
  const counts = isRecord(value) ? value : {}
  return { created: numberOf(counts['created']), closed: numberOf(counts['closed']) }
}
