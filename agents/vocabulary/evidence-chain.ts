/** What an insight rests on, link by link: notification, snapshot, the number in it. */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import { agree } from './facts.ts'
import { type Evidence, identifier, text } from './fields.ts'
import type { Json } from './json.ts'
import { type Notification, type Snapshot, timestampSchema } from './notification.ts'

/** Values of one snapshot that are looked at. */
const maximumValues = 20_000

/** One number that was measured, with the place where it stands. */
export const measurementSchema = v.object({
  name: text(200, 'What was measured'),
  value: v.number(),
  unit: v.exactOptional(text(20, 'Unit, if the name does not say it')),
  /**
   * `snapshot`: it stands in one, at `path`. `result`: no snapshot holds it under this name; a script
   * of the operator's run has returned it.
   */
  source: v.picklist(['snapshot', 'result']),
  snapshotId: v.exactOptional(identifier('Snapshot id')),
  /** JSON Pointer (RFC 6901) into the snapshot's `data`. */
  path: v.exactOptional(v.string()),
})
export type Measurement = v.InferOutput<typeof measurementSchema>

/** One notification of the chain. Ids lead on: to the result of the run and to the journal. */
export const evidenceLinkSchema = v.object({
  notificationId: identifier('Notification id'),
  /** Id of the skill whose operator spoke. */
  operator: identifier('Skill id'),
  snapshots: v.pipe(
    v.array(v.object({ id: identifier('Snapshot id'), capturedAt: timestampSchema })),
    v.maxLength(bounds.ids),
  ),
  measurements: v.pipe(v.array(measurementSchema), v.maxLength(bounds.evidence)),
})
export type EvidenceLink = v.InferOutput<typeof evidenceLinkSchema>

/** A notification, with or without its snapshots' data. */
export type CitedNotification = Omit<Notification, 'snapshots'> &
  Partial<Pick<Notification, 'snapshots'>>

/** The chain of an insight: a link for each notification that it cites. Pure. */
export function evidenceChain(cited: readonly CitedNotification[]): EvidenceLink[] {
  return cited.map(({ id, operator, evidence = [], snapshots = [] }) => ({
    notificationId: id,
    operator,
    snapshots: snapshots.map((snapshot) => ({
      id: snapshot.id,
      capturedAt: snapshot.capturedAt,
    })),
    measurements: evidence.flatMap((item) => measurementOf(item, snapshots)),
  }))
}

function measurementOf(
  { name, value, unit }: Evidence,
  snapshots: readonly Snapshot[],
): Measurement[] {
  if (typeof value !== 'number') return []
  const what = { name, value, ...(unit === undefined ? {} : { unit }) }
  for (const { id, data } of snapshots) {
    const path = pathTo(value, name, data)
    if (path !== undefined) return [{ ...what, source: 'snapshot', snapshotId: id, path }]
  }
  return [{ ...what, source: 'result' }]
}

/**
 * Where a number stands in data: under its name, exactly or up to rounding, or else anywhere if it
 * has so many digits that it can hardly be another one.
 */
function pathTo(wanted: number, called: string, data: Json): string | undefined {
  const name = called.split('.').at(-1)?.toLowerCase()
  let best: { readonly rank: number; readonly path?: string } = { rank: 0 }
  const places: [value: Json, path: string, key: string][] = [[data, '', '']]
  for (const [value, path, key] of places) {
    if (typeof value === 'number') {
      const rank = rankOf(value, wanted, key.toLowerCase() === name)
      if (rank > best.rank) best = { rank, path }
    } else if (typeof value === 'object' && value !== null) {
      const entries = Object.entries<Json>(value).slice(0, maximumValues - places.length)
      for (const [index, item] of entries) places.push([item, `${path}/${escape(index)}`, index])
    }
  }
  return best.path
}

function rankOf(value: number, wanted: number, isNamed: boolean): number {
  if (isNamed) return value === wanted ? 3 : agree(value, wanted) ? 2 : 0
  return value === wanted && isDistinct(wanted) ? 1 : 0
}

/** Four digits at least that are no zeros at an end. */
function isDistinct(value: number): boolean {
  return String(value).replaceAll(/\D|0+$/g, '').length >= 4
}

function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
