import { setTimeout as delay } from 'node:timers/promises'
import { inModule } from '../gateway/bring.ts'
import type { Inspectable } from '../gateway/inspectable.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { growthBetween, summarizeAllocations } from '../profiler/heap-sample.ts'
import { recordAllocations } from '../profiler/record.ts'
import { placeText } from '../source/place.ts'
import type { Measured } from '../tables/census-answers.ts'
import { CensusRun } from '../tables/census-run.ts'
import { tableRow } from '../tables/rows.ts'
import { growthBytes, type Table } from '../tables/table-watch.ts'
import { judgeTrend, type SizePoint } from '../tables/verdict.ts'

const READINGS = 5
const EVERY_MS = 700
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
  await worker.evaluate(inModule('threads/census-entry', 'addCensus()'), { timeoutMs: 3000 })
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
  return found ?? (growth.isSure ? byAllocation(worker, context) : undefined)
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
  const grown = growthBetween(
    summarizeAllocations(before, ownFolders),
    summarizeAllocations(after, ownFolders),
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
