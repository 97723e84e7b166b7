import { isRecord, textOf } from '../json.ts'
import { asPath } from '../source/frame.ts'

/** A large collection of main at one moment. */
export interface Measured {
  readonly path: string
  /** Path of the file whose variable leads to it; '' when unknown. */
  readonly file: string
  readonly kind: string
  /** Class of the object that holds it. */
  readonly owner: string
  readonly bound?: { readonly name: string; readonly value: number }
  readonly size: number
  readonly bytes: number
  readonly outsideBytes: number
  /** Entries hold functions or promises, whose memory is not seen. */
  readonly isOpaque?: boolean
  /** Whether the oldest entry is still the one that was first seen; absent: not known. */
  readonly oldestKept?: boolean
}

/** An object of main as the inspector names it. */
export interface RemoteValue {
  readonly name: string
  readonly objectId: string
  readonly description: string
}

/** The entries of a property list whose values are objects. */
export function remoteValues(list: unknown): RemoteValue[] {
  const values: RemoteValue[] = []
  for (const entry of Array.isArray(list) ? list : []) {
    const value: unknown = isRecord(entry) ? entry['value'] : undefined
    if (!isRecord(entry) || !isRecord(value) || typeof value['objectId'] !== 'string') continue
    values.push({
      name: textOf(entry['name']),
      objectId: value['objectId'],
      description: textOf(value['description'], ''),
    })
  }
  return values
}

export function parseMeasured(row: Record<string, unknown>): Measured {
  const bound = isRecord(row['bound'])
    ? { name: textOf(row['bound']['name']), value: Number(row['bound']['value']) }
    : undefined
  const kept = row['oldestKept']
  return {
    path: textOf(row['path']),
    file: asPath(textOf(row['file'], '')),
    kind: textOf(row['kind']),
    owner: textOf(row['owner'], ''),
    size: Number(row['size']),
    bytes: Number(row['bytes']),
    outsideBytes: Number(row['outsideBytes']),
    isOpaque: row['isOpaque'] === true,
    ...(bound === undefined ? {} : { bound }),
    ...(typeof kept === 'boolean' ? { oldestKept: kept } : {}),
  }
}

/** A private number whose name sounds like a limit. */
export function privateBound(list: unknown): { bound?: { name: string; value: number } } {
  for (const entry of Array.isArray(list) ? list : []) {
    if (!isRecord(entry) || !isRecord(entry['value'])) continue
    const name = textOf(entry['name'])
    const value = entry['value']['value']
    if (typeof value === 'number' && value > 0 && /max|limit|capacity|keep|bound|cap$/i.test(name))
      return { bound: { name, value } }
  }
  return {}
}
