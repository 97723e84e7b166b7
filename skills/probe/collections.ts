/**
 * Collections that the application registers by name. Held weakly: registering never keeps one alive. The
 * registry hangs on globalThis, so that it works before and without start(), and for two copies
 * of the package.
 */

/** What may be registered: everything whose size is one number. */
export type Collection =
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | readonly unknown[]
  | object

interface Entry {
  readonly reference: WeakRef<object>
  readonly kind: string
  wasOldest: ((first: unknown) => boolean) | undefined
}

/** One registered collection now. */
export interface CollectionReading {
  readonly name: string
  readonly kind: string
  readonly size: number
  /** The oldest entry is the one that was seen at the previous reading; undefined at the first. */
  readonly oldestKept?: boolean
}

const REGISTRY = Symbol.for('nodelens.collections')
const MAX_COLLECTIONS = 1000

/**
 * Registers a Map, Set, array or object under a name, so that the `tables` skill follows its size.
 *
 * A second registration under a name replaces the first. The collection is held weakly.
 *
 * @returns Takes it off the list.
 * @throws {TypeError} The name is empty or the value is no object.
 * @throws {RangeError} More than 1000 names.
 */
export function registerCollection(name: string, collection: Collection): () => void {
  if (typeof name !== 'string' || name.length === 0 || name.length > 200) {
    throw new TypeError(
      'registerCollection(name, collection): expected a name of 1 to 200 characters',
    )
  }
  if (typeof collection !== 'object' || collection === null) {
    throw new TypeError(
      `registerCollection('${name}', …): expected a Map, Set, array or object, got ${typeof collection}`,
    )
  }
  const entries = registry()
  if (entries.size >= MAX_COLLECTIONS && !entries.has(name)) {
    throw new RangeError(`registerCollection: at most ${MAX_COLLECTIONS} collections`)
  }
  const entry: Entry = {
    reference: new WeakRef(collection),
    kind: kindOf(collection),
    wasOldest: undefined,
  }
  entries.set(name, entry)
  return () => {
    if (entries.get(name) === entry) entries.delete(name)
  }
}

/** How many are registered. */
export function registeredCount(): number {
  return registry().size
}

/** Reads all sizes; forgets those that were collected. About 1 microsecond each. */
export function readCollections(): CollectionReading[] {
  const readings: CollectionReading[] = []
  for (const [name, entry] of registry()) {
    const collection = entry.reference.deref()
    if (collection === undefined) {
      registry().delete(name)
      continue
    }
    const first = oldestOf(collection)
    const oldestKept = entry.wasOldest === undefined ? {} : { oldestKept: entry.wasOldest(first) }
    entry.wasOldest = rememberOldest(first)
    readings.push({ name, kind: entry.kind, size: sizeOf(collection), ...oldestKept })
  }
  return readings
}

function registry(): Map<string, Entry> {
  const known: unknown = Reflect.get(globalThis, REGISTRY)
  if (isRegistry(known)) return known
  const created = new Map<string, Entry>()
  Object.defineProperty(globalThis, REGISTRY, { value: created, configurable: true })
  return created
}

function isRegistry(value: unknown): value is Map<string, Entry> {
  return value instanceof Map
}

export function kindOf(collection: object): string {
  if (collection instanceof Map) return 'Map'
  if (collection instanceof Set) return 'Set'
  return Array.isArray(collection) ? 'Array' : 'Object'
}

export function sizeOf(collection: object): number {
  if (collection instanceof Map || collection instanceof Set) return collection.size
  return Array.isArray(collection) ? collection.length : Object.keys(collection).length
}

/** Remembers an entry without keeping an object alive. */
export function rememberOldest(first: unknown): ((other: unknown) => boolean) | undefined {
  if (first === undefined) return undefined
  if (typeof first !== 'object' || first === null) return (other) => Object.is(first, other)
  const reference = new WeakRef(first)
  return (other) => other !== undefined && reference.deref() === other
}

/** The entry that would be the first to be evicted, by insertion order. */
export function oldestOf(collection: object): unknown {
  if (collection instanceof Map || collection instanceof Set) {
    for (const key of collection.keys()) return key
    return undefined
  }
  return Array.isArray(collection) ? collection[0] : firstKey(collection)
}

function firstKey(collection: object): string | undefined {
  for (const key in collection) return key
  return undefined
}
