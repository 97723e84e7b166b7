/**
 * The first module in every thread that the runtime makes. A plain thread waits for its first
 * order, which says who it is; the root thread gets all of it with its birth.
 */

import { isMainThread, type MessagePort, workerData } from 'node:worker_threads'
import { loadModule } from './first-module.ts'
import { type RootData, runRoot } from './root.ts'
import { sibling } from './sibling.ts'
import { runThread } from './thread.ts'

interface ThreadData {
  readonly nodelens: 'thread'
  readonly control: MessagePort
  /** URL of a module. */
  readonly preload: string | undefined
  /** Its first cell is set when all is loaded. */
  readonly loaded: Int32Array
}

const data = workerData as ThreadData | RootData | null

if (isMainThread || !data?.nodelens) {
  throw new Error(
    'nodelens: thread-entry was loaded as a program. When you bundle, keep nodelens external: a thread must be able to load this one file.',
  )
}
if (data.nodelens === 'root') runRoot(data)
else {
  runThread(data.control)
  void load(data)
}

/**
 * What a spare has loaded before it is asked for: what every actor's module imports, and the one
 * that it will need. If that fails, it fails again where it is needed.
 */
async function load({ preload, loaded }: ThreadData): Promise<void> {
  await loadModule(sibling(import.meta, 'index').href)
  if (preload !== undefined) await loadModule(preload).catch(() => {})
  Atomics.store(loaded, 0, 1)
}
