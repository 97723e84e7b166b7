import { setTimeout as delay } from 'node:timers/promises'
import { MeasuredServer, settle } from './measured-server.ts'
import type { Bench } from './measurement.ts'
import { alternate, type Readings, startOptions, withFolder } from './rounds.ts'

export const idleCost: Bench = {
  name: 'idle-cost',
  question: 'What does nodelens cost a service that has nothing to do?',
  run: (settings) => {
    const { smoke } = settings
    const times = smoke ? { settleMs: 300, idleMs: 500 } : { settleMs: 5_000, idleMs: 10_000 }
    return alternate(smoke ? 1 : 5, settings, (variant) =>
      withFolder(async (folder) => {
        const server = await MeasuredServer.start(startOptions(variant, settings, folder))
        try {
          return await atRest(server, times)
        } finally {
          await server.stop()
        }
      }),
    )
  },
}

async function atRest(
  server: MeasuredServer,
  { settleMs, idleMs }: { readonly settleMs: number; readonly idleMs: number },
): Promise<Readings> {
  await settle(settleMs)
  const before = await server.usage()
  await delay(idleMs)
  const after = await server.usage()
  const seconds = (after.at - before.at) / 1000
  return {
    'memory|MB': after.rssBytes / 1_048_576,
    'CPU|ms/s': (after.cpuUs - before.cpuUs) / 1000 / seconds,
  }
}
