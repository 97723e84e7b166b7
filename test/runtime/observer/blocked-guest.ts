/**
 * A process whose main thread enters an endless loop when it is told to, while a worker of it serves
 * the observer. The tree's only process shows in `mailbox` whether main has entered the loop.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { makePid } from '../../../runtime/pid.ts'
import { FakeTree, node } from './fake-tree.ts'

async function observe(isBlocked: Int32Array): Promise<void> {
  const tree = new FakeTree([node(1, 1, 'root')])
  const observer = await startObserver({ tree, flushMs: 5 })
  parentPort?.postMessage(observer.url)
  let handled = 0
  setInterval(() => {
    handled += 1
    const mailbox = Atomics.load(isBlocked, 0)
    const [pid, at] = [makePid(1, 1), Date.now()]
    tree.emit({ type: 'process-updated', at, pid, mailbox, handled, status: 'running' })
  }, 20)
}

if (isMainThread) {
  const isBlocked = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL(import.meta.url), { workerData: isBlocked })
  worker.once('message', (url: string) => process.send?.(url))
  process.once('message', () => {
    Atomics.store(isBlocked, 0, 1)
    while (true) {
      // stuck for good: whoever started this process ends it
    }
  })
} else {
  await observe(workerData as Int32Array)
}
