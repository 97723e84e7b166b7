import { setTimeout as delay } from 'node:timers/promises'
import { callIn } from '../gateway/bring.ts'
import type { Inspectable } from '../gateway/inspectable.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { type Allocator, growthBetween, summarizeAllocations } from '../profiler/heap-sample.ts'
import { recordAllocations } from '../profiler/record.ts'
import { ANONYMOUS } from '../source/frame.ts'
import { placeText } from '../source/place.ts'
import type { SourceFiles } from '../source/source-files.ts'
import type { Measured } from '../tables/census-answers.ts'
import { CensusRun } from '../tables/census-run.ts'
import { tableRow } from '../tables/rows.ts'
import { growthBytes, type Table } from '../tables/table-watch.ts'
import { judgeTrend, type SizePoint } from '../tables/verdict.ts'

const READINGS = 6
const EVERY_MS = 520
const ALLOCATIONS_MS = 2500
/** A function must account for this share of what was kept, and this many bytes. */
const KEPT_SHARE = 0.4
const KEPT_BYTES = 524_288

/**
 * Finds what grows in a worker: the large collections of its modules, as in main; where none of them
 * grows, the function that allocates most of what stays.
 */
export async function findLeak(
  worker: Inspectable,
  context: SkillContext,
  growth: { readonly what: 'heap' | 'external'; readonly isSure: boolean },
): Promise<JsonRecord | undefined> {
  await callIn(worker, 'threads/census-entry', 'addCensus()', { timeoutMs: 3000 })
  const census = new CensusRun(worker, context.ownFolders)
  await census.run()
  const tables = await watchSizes(census)
  const parts = {
    files: context.files,
    root: context.root,
    appFiles: () => census.appFiles(),
  }
  const memory = {
    heapGrows: growth.what === 'heap' && growth.isSure,
    externalGrows: growth.what === 'external' && growth.isSure,
  }
  const rows = tables
    .filter(({ trend }) => trend.growthPerMinute > 0)
    .toSorted((left, right) => growthBytes(right) - growthBytes(left))
    .slice(0, 10)
    .map((table) => tableRow(table, memory, parts))
  const found = rows.find(({ reportable }) => reportable === true)
  // Something grows, and the source does not tell who adds to it: then who allocates.
  const leaking = rows.filter(({ verdict }) => verdict === 'leak')
  const held = leaking.find(isFilledHere) ?? leaking[0]
  if (found !== undefined || (held === undefined && !growth.isSure)) return found
  const allocator = await byAllocation(worker, context)
  return allocator === undefined || held === undefined ? allocator : withHolder(allocator, held)
}

async function watchSizes(census: CensusRun): Promise<Table[]> {
  const seen = new Map<string, { measured: Measured; points: SizePoint[] }>()
  for (let reading = 0; reading < READINGS; reading += 1) {
    if (reading > 0) await delay(EVERY_MS, undefined, { ref: false })
    const at = epochMs()
    for (const measured of await census.measure()) {
      const key = `${measured.file}\n${measured.path}`
      const points = [...(seen.get(key)?.points ?? []), { at, size: measured.size }]
      seen.set(key, { measured, points })
    }
  }
  return [...seen.values()].map(({ measured, points }) => {
    const { oldestKept, bound } = measured
    return {
      measured,
      isRegistered: false,
      points,
      trend: judgeTrend({ points, oldestKept, bound }),
    }
  })
}

/** The sampler charges what is inlined to the caller: a function, never surely the line. */
async function byAllocation(
  worker: Inspectable,
  { files, ownFolders, root }: SkillContext,
): Promise<JsonRecord | undefined> {
  const options = { forMs: ALLOCATIONS_MS, what: 'kept', signal: undefined } as const
  const { before, after } = await recordAllocations(worker, options)
  const grown = byAuthor(
    growthBetween(
      summarizeAllocations(before, ownFolders),
      summarizeAllocations(after, ownFolders),
    ),
    files,
  )
  const total = grown.reduce((sum, { bytes }) => sum + bytes, 0)
  const [top] = grown
  if (top === undefined || top.bytes < KEPT_BYTES || top.bytes < total * KEPT_SHARE)
    return undefined
  const place = files.original(top)
  const name = top.packageFile === undefined ? undefined : files.packageOf(top.packageFile)
  const label = name === undefined ? {} : { package: `${name.name}@${name.version}` }
  const location = { ...place, function: top.name, ...label }
  const where = placeText(location, root)
  const keptMb = Math.round(top.bytes / 104_857.6) / 10
  const sharePct = Math.round((100 * top.bytes) / total)
  return {
    location,
    sourceLine: files.line(place.file, place.line).trim().slice(0, 200),
    growthMbPerMinute: Math.round((keptMb * 60_000 * 10) / ALLOCATIONS_MS) / 10,
    confidence: sharePct >= 70 ? 'medium' : 'low',
    severity: 'warning',
    observation: `${where} allocated ${keptMb} MB in ${ALLOCATIONS_MS / 1000} s that are still alive, ${sharePct} % of all that stayed`,
    explanation: `Memory leak: what ${where} allocates is kept; it is held by something that is no collection of a module`,
    remedy: `See what holds on to what ${where} makes (closures, listeners, queues, timers), and let go of it when the task is done`,
  }
}

/** The source tells who adds to it, and nobody removes. */
function isFilledHere({ location, evictsInCode }: JsonRecord): boolean {
  return location !== null && evictsInCode !== true
}

/** A table that grows, and live memory that comes to stay: where the table is filled is the better place. */
function withHolder(allocator: JsonRecord, held: JsonRecord): JsonRecord {
  if (isFilledHere(held)) {
    const observation = `${textOf(held['observation'])}; ${textOf(allocator['observation'])}`
    return { ...held, observation, severity: 'warning', confidence: 'medium' }
  }
  const size = typeof held['size'] === 'number' ? held['size'] : 0
  const holder = `${textOf(held['name'])} grows with it (a ${textOf(held['kind'])} with ${size} entries)`
  return {
    ...allocator,
    name: textOf(held['name']),
    observation: `${textOf(allocator['observation'])}; ${holder}`,
  }
}

/** What nameless functions allocate is the named one's around them, most first. */
function byAuthor(grown: readonly Allocator[], files: SourceFiles): Allocator[] {
  const byName = new Map<string, Allocator>()
  for (const entry of grown) {
    const around =
      entry.name === ANONYMOUS ? files.functionAt(entry.file, entry.line, entry.column) : undefined
    const name = around ?? entry.name
    const key = `${entry.file}\n${name}`
    const known = byName.get(key)
    byName.set(key, { ...(known ?? entry), name, bytes: entry.bytes + (known?.bytes ?? 0) })
  }
  return [...byName.values()].toSorted((left, right) => right.bytes - left.bytes)
}
