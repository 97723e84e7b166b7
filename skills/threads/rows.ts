import type { SkillContext } from '../gateway/outside-part.ts'
import { type JsonRecord, textOf } from '../json.ts'
import { placeText } from '../source/place.ts'
import type { FollowedThread, Stuck } from './follow.ts'
import type { Leak } from './leak-watch.ts'
import { entryText, stuckWords, threadText, timeText } from './words.ts'

const MB = 1_048_576

/** One thread as it is now. */
export function threadRow(thread: FollowedThread, now: number, root: string): JsonRecord {
  const { reading, name, lateMs } = thread
  const { cpuPct, loopPct, gcPct } = thread.shares()
  const { heapUsedBytes, heapLimitBytes } = reading
  return {
    threadId: reading.threadId,
    name: name === '' ? null : name,
    entry: entryText(reading.entry, root),
    ageSeconds: Math.round((now - reading.startedAt) / 1000),
    cpuPct: cpuPct ?? null,
    loopUtilizationPct: loopPct ?? null,
    lateMs: Math.round(lateMs),
    heapUsedMb: Math.round(heapUsedBytes / MB),
    heapLimitMb: Math.round(heapLimitBytes / MB),
    heapUsedPct:
      heapLimitBytes === 0 ? 0 : Math.round((1000 * heapUsedBytes) / heapLimitBytes) / 10,
    externalMb: Math.round(reading.externalBytes / MB),
    gcSharePct: gcPct,
  }
}

/** Threads that hang in one place, as one row. */
export function stuckRow(group: readonly [Stuck, ...Stuck[]], { root }: SkillContext): JsonRecord {
  const [first] = group
  const { culprit, usualMs, durationMs } = first
  const { location, kind } = culprit
  const [cause, remedy] = stuckWords(kind)
  const where = location === undefined ? 'code that left no stack' : placeText(location, root)
  const thread = threadText(first, root)
  const others = group.length === 1 ? '' : ` and ${group.length - 1} more of its kind`
  const inside =
    location?.package === undefined
      ? ''
      : `, inside ${culprit.packageFunction ?? 'a function'} of the package ${location.package}, which it calls`
  const pattern = culprit.pattern === undefined ? '' : `; the pattern is ${culprit.pattern}`
  const usual = usualMs === 0 ? '' : `; the longest that it was busy before is ${timeText(usualMs)}`
  const spent = first.cpuSharePct === undefined ? '' : `, at ${first.cpuSharePct} % of a CPU`
  return {
    threadId: first.threadId,
    thread,
    entry: entryText(first.entry, root),
    threads: group.length,
    kind,
    severity: group.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    confidence: culprit.confidence,
    reportable: location !== undefined,
    durationMs: Math.round(durationMs),
    usualMs: Math.round(usualMs),
    cpuSharePct: first.cpuSharePct ?? null,
    looks: culprit.samples,
    looksSharePct: culprit.sharePct,
    location: location === undefined ? null : { ...location },
    pattern: culprit.pattern ?? null,
    sourceLine: culprit.sourceLine ?? null,
    stack: [...culprit.stack],
    observation: `The ${thread}${others} has been stuck in ${where} for ${timeText(durationMs)}${spent}, on the stack in ${culprit.sharePct} % of ${culprit.samples} looks${usual}`,
    explanation: `${where} blocks its worker thread: ${cause}${inside}${pattern}. Tasks that this thread was given wait for ever, and a pool has one thread less`,
    remedy: `${remedy}; give each task of the worker a time limit, and terminate() and replace a thread that exceeds it`,
  }
}

/** Memory of a worker that grows, with what holds it. */
export function leakRow(leak: Leak, { root }: SkillContext): JsonRecord {
  const { reading, growth, growing, threads, row, name } = leak
  const mb = (bytes: number): number => Math.round(bytes / MB)
  const thread = threadText({ ...reading, name }, root)
  const what = growth.what === 'heap' ? 'heap' : 'memory outside the heap (Buffers)'
  const perMinute = ((growth.toBytes - growth.fromBytes) * 60_000) / Math.max(1, growth.overMs) / MB
  const left = (reading.heapLimitBytes - growth.toBytes) / MB
  const minutes = perMinute > 0 ? left / perMinute : undefined
  const isNear = minutes !== undefined && minutes < 2 && growth.what === 'heap'
  const limit =
    growth.what === 'heap'
      ? `; its limit is ${mb(reading.heapLimitBytes)} MB${minutes === undefined ? '' : `, at this pace ${timeText(Math.max(0, minutes) * 60_000)} away`}`
      : ''
  const many = growing > 1 ? `; it is so in ${growing} of ${threads} threads of this entry` : ''
  return {
    ...row,
    threadId: reading.threadId,
    thread,
    entry: entryText(reading.entry, root),
    threadsGrowing: growing,
    threadsOfEntry: threads,
    fromMb: mb(growth.fromBytes),
    toMb: mb(growth.toBytes),
    overSeconds: Math.round(growth.overMs / 1000),
    heapLimitMb: mb(reading.heapLimitBytes),
    severity: isNear ? 'critical' : textOf(row['severity'], 'warning'),
    observation: `The ${what} of the ${thread} grows from ${mb(growth.fromBytes)} to ${mb(growth.toBytes)} MB in ${timeText(growth.overMs)}${limit}${many}. ${textOf(row['observation'], '')}`,
    explanation: `${textOf(row['explanation'], '').replace(/\.?$/, '.')} It is a worker thread that leaks: the heap of main does not show it`,
    reportable: true,
  }
}
