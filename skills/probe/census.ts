import { getEventListeners } from 'node:events'
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { type CensusRoot, CensusWalk } from './census-walk.ts'
import { oldestOf, rememberOldest, sizeOf } from './collections.ts'

/**
 * Main's half of the census of large collections. The gateway calls these through the inspector,
 * slice by slice, and opens closures, which only the inspector can, in between.
 */
export interface Census {
  begin(): void
  /** Namespaces of loaded ES modules; only for addresses that the debugger has listed as loaded. */
  importLoaded(urls: readonly string[]): Promise<void>
  /** Walks on. JSON: `{ more, functions, opaque }`, the last two as counts waiting. */
  walk(budgetMs: number): string
  /** Takes what waits for the inspector: the objects, for `Runtime.getProperties`. */
  takeFunctions(count: number): object[]
  takeOpaque(count: number): object[]
  /** Paths and files of what was taken last. JSON. */
  takenPaths(): string
  /** Values from closures and private fields go back into the walk. */
  addValues(labels: string, holder: unknown, ...values: unknown[]): void
  /** Lets go of all that the walk held on to. */
  finish(): void
  /** Sizes now of all that was found. JSON. */
  measure(): string
}

export function createCensus(): Census {
  let walk = new CensusWalk()
  let taken: readonly { path: string; file: string }[] = []
  const take = (list: { value: object; path: string; file: string }[], count: number): object[] => {
    const part = list.splice(0, count)
    taken = part.map(({ path, file }) => ({ path, file }))
    return part.map((entry) => entry.value)
  }
  return Object.freeze({
    begin: () => {
      const before = walk.findings
      walk = new CensusWalk()
      for (const [key, finding] of before) {
        if (finding.reference.deref() !== undefined) walk.findings.set(key, finding)
      }
      for (const root of roots()) walk.add(root)
    },
    importLoaded: (urls: readonly string[]) => importInto(walk, urls),
    walk: (budgetMs: number) => {
      const more = walk.walk(budgetMs)
      return JSON.stringify({ more, functions: walk.functions.length, opaque: walk.opaque.length })
    },
    takeFunctions: (count: number) => take(walk.functions, count),
    takeOpaque: (count: number) => take(walk.opaque, count),
    takenPaths: () => JSON.stringify(taken),
    addValues: (labels: string, holder: unknown, ...values: unknown[]) => {
      const places: Omit<CensusRoot, 'value'>[] = JSON.parse(labels)
      places.forEach((place, index) => {
        const owner = typeof holder === 'object' && holder !== null ? { holder, owner: holder } : {}
        walk.add({ ...place, ...owner, value: values[index] })
      })
    },
    finish: () => {
      walk.functions.length = 0
      walk.opaque.length = 0
    },
    measure: () => JSON.stringify(measure(walk)),
  })
}

async function importInto(walk: CensusWalk, urls: readonly string[]): Promise<void> {
  await Promise.allSettled(
    urls.map(async (url) => {
      const names: Record<string, unknown> = { ...(await import(url)) }
      for (const [name, value] of Object.entries(names)) walk.add({ value, path: name, file: url })
    }),
  )
}

function measure({ findings }: CensusWalk): object[] {
  const rows: object[] = []
  for (const [key, finding] of findings) {
    const collection = finding.reference.deref()
    if (collection === undefined) {
      findings.delete(key)
      continue
    }
    const first = oldestOf(collection)
    const oldestKept = finding.wasOldest?.(first) ?? null
    finding.wasOldest ??= rememberOldest(first)
    const { path, file, kind, owner, bound, estimate } = finding
    rows.push({
      path,
      file,
      kind,
      owner,
      bound: bound ?? null,
      ...estimate,
      size: sizeOf(collection),
      oldestKept,
    })
  }
  return rows
}

/** Where module state is reachable from without the inspector. */
function* roots(): Iterable<CensusRoot> {
  const loaded = createRequire(import.meta.url).cache
  for (const [file, module] of Object.entries(loaded)) {
    if (module !== undefined) yield { value: module.exports, path: 'exports', file }
  }
  for (const handle of activeHandles()) {
    yield { value: Reflect.get(handle, '_events'), path: handle.constructor.name, file: '' }
  }
  yield { value: Reflect.get(process, '_events'), path: 'process', file: '' }
  yield { value: parentListeners(), path: 'parentPort', file: '' }
  for (const key of Object.keys(globalThis)) {
    const value: unknown = Object.getOwnPropertyDescriptor(globalThis, key)?.value
    if (value !== globalThis) yield { value, path: `globalThis.${key}`, file: '' }
  }
}

/** What a worker does with the messages that it gets: its way into the module that holds its state. */
function parentListeners(): unknown[] {
  return parentPort === null ? [] : getEventListeners(parentPort, 'message')
}

/** Servers and the like: their listeners lead to the application's closures. Undocumented, stable since Node 0.x. */
function activeHandles(): object[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles')
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : []
  if (!Array.isArray(handles)) return []
  return handles
    .filter((handle): handle is object => typeof handle === 'object' && handle !== null)
    .filter((handle) => handle.constructor.name.endsWith('Server'))
    .slice(0, 20)
}
