/**
 * The first module in every thread that the runtime makes. A plain thread waits for its first
 * order, which says who it is; the root thread gets all of it with its birth.
 */

import { isMainThread, type MessagePort, workerData } from 'node:worker_threads'
import { type RootData, runRoot } from './root.ts'
import { runThread } from './thread.ts'

interface ThreadData {
  readonly nodelens: 'thread'
  readonly control: MessagePort
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
  // What every actor's module imports: a spare has it loaded before it is asked for.
  void import('./index.ts')
}
