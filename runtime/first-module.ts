/**
 * How a thread of the runtime comes by its first module, and by those of its actors.
 *
 * Node reads ES modules through libuv's thread pool, and all threads of a process share that pool:
 * while the application keeps it busy, a new thread waits in its queue for each module. A runtime
 * that runs no code of the application (`inheritExecArgv: false`) can load by `require` instead, which
 * reads where it stands; loaders of the application, which `require` would pass by, are not in it.
 *
 * Before Node 24 the whole process aborts if a thread is ended in the milliseconds in which `require`
 * links ES modules (`IsGraphAsync must be used on an instantiated module`, seen on 20.20 and 22.23).
 * There it is the way out for actors' threads while the pool does not answer, and not the rule.
 */

import { stat } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions, workerData } from 'node:worker_threads'
import { sibling } from './sibling.ts'

/** By `require`: never, when the thread pool is late, always. */
type Loading = 'never' | 'when-late' | 'always'

const require = createRequire(import.meta.url)
/** The first version that survives the end of a thread that is loading so. */
const SAFE_SINCE = 24
/** Milliseconds in which an idle thread pool has long answered. */
const LATE_MS = 100

/** How this thread loads, and those that it makes. */
const loading: Loading = isRecord(workerData) ? loadingOf(workerData['loading']) : 'never'

/** Threads that this one makes go round the thread pool, if it is late when they begin. */
export const loadsWhenLate: boolean = loading === 'when-late'

interface FirstThread {
  readonly data: Readonly<Record<string, unknown>>
  /** Whether the runtime runs code of the application, or leaves that to this thread. */
  readonly inherits: boolean
}

/** The root thread of a runtime. It is made when the process starts, before any pool is late. */
export function startRootThread(
  { data, inherits }: FirstThread,
  options: Omit<WorkerOptions, 'workerData'>,
): Worker {
  if (inherits || !canRequire()) return make('never', undefined, data, options)
  return isSafe()
    ? make('always', requiring(), data, options)
    : make('when-late', undefined, data, options)
}

/** A thread for actors, with the module in which all of them begin. */
export function startThread(
  data: FirstThread['data'],
  options: Omit<WorkerOptions, 'workerData'>,
): Worker {
  if (loading === 'never') return make(loading, undefined, data, options)
  return make(loading, loading === 'always' ? requiring() : requiringWhenLate(), data, options)
}

function make(
  how: Loading,
  source: string | undefined,
  data: FirstThread['data'],
  options: Omit<WorkerOptions, 'workerData'>,
): Worker {
  const given = { ...options, workerData: { ...data, loading: how } }
  return source === undefined
    ? new Worker(entry(), given)
    : new Worker(source, { ...given, eval: true })
}

/** The module's exports; while the thread pool does not answer, read without it if that is possible. */
export async function loadModule(url: string): Promise<Record<string, unknown>> {
  if (loading === 'always' || (loading === 'when-late' && (await isPoolLate()))) {
    try {
      const loaded: unknown = require(fileURLToPath(url))
      if (isRecord(loaded)) return loaded
    } catch {
      // It awaits something at its top level, or is no file: if it is broken, `import` says so.
    }
  }
  return import(url)
}

function isPoolLate(): Promise<boolean> {
  return new Promise((resolve) => {
    // a loop that was held runs its timers first, and hears of the answer only then
    const timer = setTimeout(() => setImmediate(resolve, true), LATE_MS)
    stat(fileURLToPath(import.meta.url), () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}

function entry(): URL {
  return sibling(import.meta, 'thread-entry')
}

/** Older versions of Node warn of each `require` of an ES module: not the application's to print. */
function requiring(): string {
  return `const { emitWarning } = process
process.emitWarning = () => {}
require(${JSON.stringify(fileURLToPath(entry()))})
process.emitWarning = emitWarning`
}

/** The same when a look at the file has no answer in time. */
function requiringWhenLate(): string {
  return `let isAnswered = false
const timer = setTimeout(() => setImmediate(() => {
  if (isAnswered) return
  isAnswered = true
  ${requiring()}
}), ${LATE_MS})
require('node:fs').stat(${JSON.stringify(fileURLToPath(entry()))}, () => {
  clearTimeout(timer)
  if (isAnswered) return
  isAnswered = true
  import(${JSON.stringify(entry().href)})
})`
}

function canRequire(): boolean {
  return Reflect.get(process.features, 'require_module') === true
}

function isSafe(): boolean {
  return Number(process.versions.node.split('.')[0]) >= SAFE_SINCE
}

function loadingOf(value: unknown): Loading {
  return value === 'when-late' || value === 'always' ? value : 'never'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
