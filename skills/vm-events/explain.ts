import type { Severity } from '../contract.ts'
import { heapFillText, mb } from './heap-fill.ts'
import type { Culprit, StallKind } from './stall.ts'

/** Numbers of one place over the last minutes. */
export interface StallTotals {
  readonly count: number
  readonly longestMs: number
  readonly totalMs: number
  readonly ongoing: boolean
  readonly cpuSharePct: number | undefined
}

const CAUSE: Record<StallKind, string> = {
  regex: 'a regular expression backtracks on this input, and the event loop waits for it',
  'sync-io': 'it does file system work synchronously on the main thread',
  'sync-child-process':
    'it runs a child process synchronously: the main thread sleeps until the child ends, with an idle CPU',
  'sync-crypto': 'it computes a cryptographic function synchronously on the main thread',
  'sync-compression': 'it compresses or decompresses synchronously on the main thread',
  json: 'it parses or serializes a very large JSON text in one go',
  sort: 'it sorts a very large array in one go',
  sleep: 'it puts the main thread to sleep with Atomics.wait',
  cpu: 'it computes on the main thread without ever yielding to the event loop',
  heap: 'it builds up more and more data in one go, and the heap fills up',
  'infinite-loop?': 'it has not left this loop since the stall began; the loop may never end',
  microtasks:
    'promise continuations or next ticks keep queueing more of themselves, so that the event loop never gets to its next phase',
  gc: 'garbage collection stopped the main thread',
  starved: 'the machine gave the process no CPU; the code is not to blame',
  unknown:
    'a native call that leaves no stack held the main thread (JSON.parse, sort and the like at the end of a function)',
}

const REMEDY: Record<StallKind, string> = {
  regex:
    'Rewrite the pattern so that no two repetitions can match the same text, or limit the length of the input before matching',
  'sync-io':
    'Use the asynchronous fs API (fs.promises), or do this work once at start and cache it',
  'sync-child-process':
    'Use the asynchronous execFile or spawn, cache the result, or move the work to a worker',
  'sync-crypto':
    'Use the asynchronous variant (it runs in the thread pool) or a worker, and rate limit the route',
  'sync-compression': 'Use the asynchronous or streaming zlib API, or a worker',
  json: 'Limit the size of the payload, stream it, or parse it in a worker thread',
  sort: 'Keep the data sorted, sort a page instead of everything, or sort in a worker thread',
  sleep: 'Use Atomics.waitAsync or a message instead of blocking the main thread',
  cpu: 'Make it linear (index with a Map, mutate instead of copying in a loop), split it into chunks that yield with setImmediate, or move it to a worker thread',
  heap: 'Bound how much one call may build: validate and limit the range or the number that it is asked for, page or stream the result, or work in chunks that are dropped once they are sent',
  'infinite-loop?':
    'Check the condition that ends the loop, bound the number of rounds, and yield inside long loops',
  microtasks:
    'Yield with setImmediate (or await a timer) every so often instead of chaining promises or process.nextTick',
  gc: 'Allocate less per request, or raise the heap limit if the live data needs it',
  starved: 'Look at the other load of the machine and at the CPU limit of the container',
  unknown:
    'Look for large JSON payloads, sorts and other single native calls in what runs at this time',
}

/** One sentence of facts: what was measured. */
export function observationOf(culprit: Culprit, totals: StallTotals, place: string): string {
  const spent =
    totals.count > 1
      ? `${totals.count} times, ${Math.round(totals.totalMs)} ms in all, ${Math.round(totals.longestMs)} ms at most`
      : `${Math.round(totals.longestMs)} ms${totals.ongoing ? ' so far' : ''}`
  const cpu =
    totals.cpuSharePct === undefined ? '' : `, thread on a CPU ${totals.cpuSharePct} % of the time`
  const looks =
    culprit.samples === 0
      ? ''
      : `, on the stack in ${culprit.sharePct} % of ${culprit.samples} looks`
  const heap = culprit.heap === undefined ? '' : heapFillText(culprit.heap)
  return `The event loop of the main thread was blocked ${spent} in ${place}${looks}${cpu}${heap}`
}

/** The likely cause, said with the names. */
export function explanationOf(culprit: Culprit, place: string): string {
  const { kind, detail, location, packageFunction, pattern } = culprit
  const api = detail === undefined ? '' : ` (${detail})`
  const inside =
    location?.package === undefined
      ? ''
      : `, inside ${packageFunction ?? 'a function'} of the package ${location.package}, which it calls`
  const what = pattern === undefined ? '' : ` The pattern is ${pattern}.`
  const end =
    culprit.heap === undefined
      ? ''
      : ` At its limit of ${mb(culprit.heap.limitBytes)} MB V8 ends the process: out of memory.`
  const sure = culprit.confidence === 'low' ? 'Possibly ' : ''
  return `${sure}${place} blocks the event loop: ${CAUSE[kind]}${api}${inside}.${what}${end}`
}

export function remedyOf(culprit: Culprit): string {
  const upgrade =
    culprit.location?.package === undefined
      ? ''
      : `; check whether a newer version than ${culprit.location.package} fixes it and upgrade`
  return `${REMEDY[culprit.kind]}${upgrade}.`
}

/**
 * How bad: by the longest stall and by repetition.
 *
 * warning from 500 ms at once, or 3 stalls with 800 ms together; critical from 2 s at once, or 10 s
 * together when one was 300 ms. Garbage collection counts from 1 s. A starved process is never worse than info.
 */
export function severityOf(
  kind: StallKind,
  totals: Pick<StallTotals, 'count' | 'longestMs' | 'totalMs'>,
): Severity {
  if (kind === 'starved') return 'info'
  const isOften = totals.totalMs >= 10_000 && totals.longestMs >= 300
  if (totals.longestMs >= 2000 || isOften) return 'critical'
  if (kind === 'gc') return totals.longestMs >= 1000 ? 'warning' : 'info'
  if (totals.longestMs >= 500) return 'warning'
  return totals.count >= 3 && totals.totalMs >= 800 ? 'warning' : 'info'
}
