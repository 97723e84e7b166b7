import { AssertionError } from 'node:assert'
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'

/**
 * Makes an `afterEach` hook that fails a test which leaves something behind: a worker thread (also
 * an unreferenced one), a timer, a socket, a server, a child process, a message port.
 *
 * What lives when `noLeaks` is called belongs to nobody's test and is allowed. What is on its way
 * out gets `graceMs` to go. Not seen: unreferenced timers and handles inside other threads, which
 * die with their thread. Call it at the head of a file or a `describe`.
 *
 * @param graceMs Milliseconds that closing may take. Default 5000.
 * @example afterEach(noLeaks())
 */
export function noLeaks({
  graceMs = 5_000,
}: {
  readonly graceMs?: number
} = {}): () => Promise<void> {
  const before = countResources()
  return async () => {
    const deadline = performance.now() + graceMs
    let left = leftovers(before)
    while (left.length > 0 && performance.now() < deadline) {
      await delay(10)
      left = leftovers(before)
    }
    if (left.length === 0) return
    throw new AssertionError({
      message: `left behind after the test: ${left.join(', ')}`,
      actual: left,
      expected: [],
      operator: 'noLeaks',
    })
  }
}

/** The worker threads that this thread started and that have not ended. */
export function liveWorkers(): number {
  return workers.size
}

const workers = new Set<Worker>()

// Every `new Worker` of this thread is announced here, by whichever library it comes from.
subscribe('worker_threads', (message) => {
  if (!hasWorker(message)) return
  const { worker } = message
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
})

function hasWorker(message: unknown): message is { readonly worker: Worker } {
  return typeof message === 'object' && message !== null && 'worker' in message
}

function countResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const add = (name: string, times = 1): void => {
    counts.set(name, (counts.get(name) ?? 0) + times)
  }
  for (const name of process.getActiveResourcesInfo()) if (!transient.has(name)) add(name)
  for (const name of openSockets()) add(name)
  if (workers.size > 0) add('worker thread', workers.size)
  return counts
}

/** One-shot work of the runner and of the file system: it ends by itself and holds nothing. */
const transient: ReadonlySet<string> = new Set([
  'Immediate',
  'TickObject',
  'FSReqCallback',
  'FSReqPromise',
  'CloseReq',
])

function leftovers(before: ReadonlyMap<string, number>): string[] {
  const left: string[] = []
  for (const [name, now] of countResources()) {
    const more = now - (before.get(name) ?? 0)
    if (more > 0) left.push(more === 1 ? name : `${more} × ${name}`)
  }
  return left
}

/** Sockets of the process, of all threads and unreferenced ones too; only Linux tells. */
function openSockets(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`)
      return target.startsWith('socket:') ? ['open socket'] : []
    } catch {
      return [] // closed between the listing and the look
    }
  })
}
