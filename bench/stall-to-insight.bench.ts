import { join } from 'node:path'
import { InsightFile } from '../examples/shop/insight-file.ts'
import { MeasuredServer, settle } from './measured-server.ts'
import type { Bench } from './measurement.ts'
import { type Readings, repeat, startOptions, withFolder } from './rounds.ts'

const stallMs = 8_000
const culprit = 'standStill'

export const stallToInsight: Bench = {
  name: 'stall-to-insight',
  question: 'How long does it take from a stall to the insight that names the function?',
  run: (settings) =>
    // A process per round: the same culprit is not told twice.
    repeat(settings.smoke ? 1 : 10, settings, () =>
      withFolder(async (folder) => {
        const server = await MeasuredServer.start(startOptions('on', settings, folder))
        try {
          await settle(settings.smoke ? 1_500 : 4_000) // the start of a program is a stall of its own
          return await oneStall(server, new InsightFile(join(folder, 'insights.jsonl')))
        } finally {
          await server.stop()
        }
      }),
    ),
}

async function oneStall(server: MeasuredServer, insights: InsightFile): Promise<Readings> {
  const stall = server.stall(stallMs)
  const insight = await insights.next(
    ({ location, summary }) => `${location?.function ?? ''} ${summary}`.includes(culprit),
    { from: 0, timeoutMs: stallMs + 20_000, signal: new AbortController().signal },
  )
  const seenAt = Date.now()
  const { from, to } = await stall
  if (insight === undefined) {
    const others = insights.read().map(({ summary }) => summary)
    throw new Error(
      `no insight named ${culprit}; there were ${others.length}: ${others.join(' | ')}`,
    )
  }
  return {
    'stall to insight|ms': seenAt - from,
    'insight before the end of the stall|1 = yes': seenAt < to ? 1 : 0,
  }
}
