import { setTimeout as delay } from 'node:timers/promises'
import { Peer } from '../examples/shop/peer.ts'
import { fixture, MeasuredServer, settle } from './measured-server.ts'
import type { Bench } from './measurement.ts'
import type { FromClients, ToClients } from './messages.ts'
import { alternate, type Readings, startOptions, withFolder } from './rounds.ts'

const clients = 8
const patience = { timeoutMs: 60_000, signal: new AbortController().signal }

interface Span {
  readonly warmMs: number
  readonly measureMs: number
}

export const httpOverhead: Bench = {
  name: 'http-overhead',
  question: 'What does nodelens cost an HTTP service under full load?',
  run: (settings) => {
    const { smoke } = settings
    const span = smoke ? { warmMs: 500, measureMs: 500 } : { warmMs: 3_000, measureMs: 5_000 }
    return alternate(smoke ? 1 : 7, settings, (variant) =>
      withFolder(async (folder) => {
        const server = await MeasuredServer.start(startOptions(variant, settings, folder))
        try {
          return await underLoad(server, span)
        } finally {
          await server.stop()
        }
      }),
    )
  },
}

async function underLoad(server: MeasuredServer, { warmMs, measureMs }: Span): Promise<Readings> {
  const args = [String(server.port), String(clients)]
  const load = new Peer<ToClients, FromClients>('clients', fixture('closed-loop'), { args })
  try {
    await settle(warmMs)
    load.tell({ type: 'begin' })
    await load.hear('begun', patience)
    const before = await server.usage()
    await delay(measureMs)
    const after = await server.usage()
    load.tell({ type: 'end' })
    const { answered, failed, seconds, p50Ms, p99Ms } = await load.hear('result', patience)
    if (failed > 0 || answered === 0)
      throw new Error(`${failed} requests failed, ${answered} were answered`)
    return {
      'throughput|requests/s': answered / seconds,
      'p50 latency|ms': p50Ms,
      'p99 latency|ms': p99Ms,
      // Does not depend on what else the machine does; all threads of the process are in it.
      'CPU per request|µs': (after.cpuUs - before.cpuUs) / answered,
      'memory|MB': after.rssBytes / 1_048_576,
    }
  } finally {
    await load.end(undefined, 5_000)
  }
}
