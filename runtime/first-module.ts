/**
 * How a thread of the runtime comes by its first module, and by those of its actors.
 *
 * Node reads ES modules through libuv's thread pool, and all threads of a process share that pool:
 * while the application keeps it busy, a new thread waits in its queue for each module. A runtime
 * that runs no code of the application (`inheritExecArgv: false`) loads by `require` instead, which
 * reads where it stands; loaders of the application, which `require` would pass by, are not in it.
 */

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions, workerData } from 'node:worker_threads'
import { sibling } from './sibling.ts'

const require = createRequire(import.meta.url)

/** This thread was made by a runtime that loads at once. */
export const loadsAtOnce: boolean = isRecord(workerData) && workerData['loadsAtOnce'] === true

/** A new thread, with the module in which all of them begin. */
export function startThread(
  { data, atOnce }: { readonly data: Readonly<Record<string, unknown>>; readonly atOnce: boolean },
  options: Omit<WorkerOptions, 'workerData'>,
): Worker {
  const entry = sibling(import.meta, 'thread-entry')
  const isAble = atOnce && Reflect.get(process.features, 'require_module') === true
  const given = { ...options, workerData: { ...data, loadsAtOnce: isAble } }
  return isAble ? new Worker(requiring(entry), { ...given, eval: true }) : new Worker(entry, given)
}

/** The module's exports, read without the thread pool where this thread loads at once. */
export async function loadModule(url: string): Promise<Record<string, unknown>> {
  if (loadsAtOnce) {
    try {
      const loaded: unknown = require(fileURLToPath(url))
      if (isRecord(loaded)) return loaded
    } catch {
      // It awaits something at its top level, or is no file: if it is broken, `import` says so.
    }
  }
  return import(url)
}

/** Older versions of Node warn of each `require` of an ES module: not the application's to print. */
function requiring(entry: URL): string {
  return `const { emitWarning } = process
process.emitWarning = () => {}
require(${JSON.stringify(fileURLToPath(entry))})
process.emitWarning = emitWarning`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
