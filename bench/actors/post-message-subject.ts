/** The baseline between threads: a Worker and `postMessage`, replies found by number. */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Flood, type Load, SIZES, type Subject } from './subject.ts'

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
export const echoWorker = fileURLToPath(
  new URL(`../fixtures/echo-worker${extension}`, import.meta.url),
)

class Line {
  readonly #worker = new Worker(echoWorker, { workerData: 'post-message' })
  readonly #waiting = new Map<number, (value: unknown) => void>()
  #ids = 0

  constructor() {
    this.#worker.on(
      'message',
      ({ id, value }: { readonly id: number; readonly value: unknown }) => {
        this.#waiting.get(id)?.(value)
        this.#waiting.delete(id)
      },
    )
  }

  ask(value: number): Promise<unknown> {
    return new Promise((resolve) => {
      const id = ++this.#ids
      this.#waiting.set(id, resolve)
      this.#worker.postMessage({ type: 'add', id, value: { value } })
    })
  }

  tell(n: number): void {
    this.#worker.postMessage({ type: 'tell', id: n, value: { op: 'add', by: 1 } })
  }
}

function concurrent(width: number): Load {
  const line = new Line()
  const values = Array.from({ length: width }, (_, value) => value)
  return { operations: width, run: () => Promise.all(values.map((value) => line.ask(value))) }
}

function burst(operations: number): Load {
  const line = new Line()
  return {
    operations,
    run: () => {
      for (let n = 0; n < operations; n++) line.tell(n)
      return line.ask(1)
    },
  }
}

/** The worker posts; each round is answered when it was handled. */
function threadFlood(): Flood {
  const worker = new Worker(echoWorker, { workerData: 'post-message' })
  let handled = 0
  worker.on('message', () => {
    if (++handled % SIZES.floodRound === 0) worker.postMessage({ type: 'flood' })
  })
  worker.postMessage({ type: 'flood' })
  return { handled: () => handled }
}

export const subject: Subject = {
  threadFlood,
  threadCall: () => {
    const line = new Line()
    return {
      operations: SIZES.calls,
      run: async () => {
        for (let value = 0; value < SIZES.calls; value++) await line.ask(value)
      },
    }
  },
  threadConcurrentCalls: () => concurrent(SIZES.inFlight),
  threadTell: () => burst(SIZES.burst),
  /** Without a channel, records are messages. */
  threadChannel: () => burst(SIZES.records / 10),
  threadChannelFill: () => burst(SIZES.records / 10),
}
