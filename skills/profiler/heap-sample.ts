import { isRecord, textOf } from '../json.ts'
import { ANONYMOUS, asPath, originOf } from '../source/frame.ts'

/** Bytes that one function allocated, and what it called that is not of the application. */
export interface Allocator {
  readonly file: string
  readonly name: string
  readonly line: number
  readonly column: number
  readonly bytes: number
  /** The file of a package in which most of it was allocated. */
  readonly packageFile: string | undefined
}

interface Tally {
  readonly file: string
  readonly name: string
  readonly line: number
  readonly column: number
  bytes: number
  readonly packages: Map<string, number>
}

/**
 * Sums up a sampling heap profile by function of the application. Pure.
 *
 * Bytes of packages, Node and the engine are charged to the innermost function of the application above. The
 * sampler charges what is inlined to the caller (introspection.md 2.2): a function, never a line.
 * @see https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#type-SamplingHeapProfile
 */
export function summarizeAllocations(answer: unknown, ownFolders: readonly string[]): Allocator[] {
  const profile = isRecord(answer) && isRecord(answer['profile']) ? answer['profile'] : {}
  const tallies = new Map<string, Tally>()
  const visit = (node: unknown, owner: Tally | undefined, depth: number): void => {
    if (!isRecord(node) || !isRecord(node['callFrame']) || depth > 500) return
    const file = asPath(textOf(node['callFrame']['url'], ''))
    const origin = originOf(file, ownFolders)
    const isListed = origin === 'app' || (origin === 'package' && owner === undefined)
    const tally = isListed ? tallyOf(tallies, file, node['callFrame']) : owner
    const bytes = Number(node['selfSize'] ?? 0)
    if (tally !== undefined) {
      tally.bytes += bytes
      if (origin === 'package') tally.packages.set(file, (tally.packages.get(file) ?? 0) + bytes)
    }
    const children: unknown[] = Array.isArray(node['children']) ? node['children'] : []
    for (const child of children) visit(child, tally, depth + 1)
  }
  visit(profile['head'], undefined, 0)
  return [...tallies.values()]
    .map(({ packages, ...rest }) => {
      const [first] = [...packages].sort((left, right) => right[1] - left[1])
      return { ...rest, packageFile: first?.[0] }
    })
    .sort((left, right) => right.bytes - left.bytes)
}

/** What each function has more now than before, most first; those that did not grow are left out. Pure. */
export function growthBetween(
  before: readonly Allocator[],
  after: readonly Allocator[],
): Allocator[] {
  const known = new Map(before.map((entry) => [keyOf(entry), entry.bytes]))
  return after
    .map((entry) => ({ ...entry, bytes: entry.bytes - (known.get(keyOf(entry)) ?? 0) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((left, right) => right.bytes - left.bytes)
}

function tallyOf(tallies: Map<string, Tally>, file: string, frame: Record<string, unknown>): Tally {
  const name = textOf(frame['functionName'], '') || ANONYMOUS
  const line = Number(frame['lineNumber']) + 1
  const column = Number(frame['columnNumber']) + 1
  const fresh: Tally = { file, name, line, column, bytes: 0, packages: new Map() }
  const key = keyOf(fresh)
  const known = tallies.get(key) ?? fresh
  tallies.set(key, known)
  return known
}

function keyOf({
  file,
  name,
  line,
  column,
}: Pick<Allocator, 'file' | 'name' | 'line' | 'column'>): string {
  return `${file}\n${name}\n${line}:${column}`
}
