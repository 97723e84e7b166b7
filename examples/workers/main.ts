/**
 * Supervised CPU-heavy workers: `npm run example:workers [-- --orders 24 --port 4680 --serve]`.
 *
 * A darkroom makes thumbnails in two threads. Among the orders are a file that is no picture, one
 * that fills the heap and one that makes the decoder loop for ever: each ends its developer and
 * nothing else. Customers who come too fast are told to come again. The tree is live at the URL.
 */
import { parseArgs } from 'node:util'
import {
  call,
  describeReason,
  isRuntimeFailure,
  observer,
  ProcessDown,
  refOf,
  startRuntime,
  type TreeNode,
} from '../../runtime/index.ts'
import { darkroom, QueueFull, queue } from './darkroom.ts'
import { bomb, encode, endless, rings } from './image.ts'

const DEVELOPERS = 2
const CAPACITY = 4
const SIDE = 192
const PATIENT = { timeoutMs: 120_000 }

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '24' },
    port: { type: 'string', default: '0' },
    serve: { type: 'boolean', default: false },
  },
})

const tally = { developed: 0, turnedAway: 0, failed: 0 }

/** Comes again as often as the queue is full. */
async function order(id: string, file: Uint8Array): Promise<void> {
  for (;;) {
    try {
      const { width, height, workMs } = await refOf(queue).call('develop', { id, file }, PATIENT)
      tally.developed++
      return console.log(`${id}: ${width} × ${height}, ${workMs} ms`)
    } catch (error) {
      if (!(error instanceof QueueFull)) return failed(id, error)
      tally.turnedAway++
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs))
    }
  }
}

function failed(id: string, error: unknown): void {
  tally.failed++
  if (error instanceof ProcessDown) console.log(`${id}: failed: ${describeReason(error.reason)}`)
  else if (isRuntimeFailure(error)) console.log(`${id}: failed: ${error.code}`)
  else throw error
}

function print(nodes: readonly TreeNode[], depth = 0): void {
  for (const { id, pid, status, handled, restarts, thread, children } of nodes) {
    const again = restarts > 0 ? `, restarted ${restarts} times` : ''
    console.log(
      `${'  '.repeat(depth)}${id} ${pid} in ${thread.name}: ${status}, ${handled} handled${again}`,
    )
    print(children, depth + 1)
  }
}

const runtime = await startRuntime({
  stopOnSignals: ['SIGTERM', 'SIGINT'],
  children: [observer({ port: Number(values.port) }), darkroom(DEVELOPERS, CAPACITY)],
})
console.log(`the tree, live: ${String(await runtime.act(() => call('observer', 'url')))}`)

const pictures = Array.from({ length: Number(values.orders) }, (_, index) =>
  order(`picture ${index + 1}`, encode(rings(SIDE, SIDE, index))),
)
const faulty = [
  order('corrupt', Buffer.from('GIF89a')),
  order('bomb', bomb()),
  order('endless', endless()),
]
await Promise.all([...pictures, ...faulty])
const { developed, turnedAway, failed: lost } = tally
console.log(`${developed} developed, ${lost} failed, ${turnedAway} times told to come again`)
print(await runtime.tree())
if (values.serve) console.log('serving; end it with Ctrl-C')
else await runtime.stop()
