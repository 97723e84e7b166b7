import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FromHost, ToHost } from '../examples/shop/messages.ts'
import { Peer } from '../examples/shop/peer.ts'
import type { Bench } from './measurement.ts'
import { repeat, withFolder } from './rounds.ts'

const patience = { timeoutMs: 60_000, signal: new AbortController().signal }

export const operatorRestart: Bench = {
  name: 'operator-restart',
  question: "How long does it take from an operator's crash to its replacement's first answer?",
  run: (settings) =>
    repeat(settings.smoke ? 1 : 10, settings, () =>
      withFolder(async (folder) => {
        const host = new Peer<ToHost, FromHost>('shop', shopHost(), {
          env: { NODELENS_MODEL: 'rules', NODELENS_INSIGHTS_FILE: join(folder, 'insights.jsonl') },
        })
        try {
          await host.hear('ready', patience)
          host.tell({ type: 'crash-operator', skill: 'vm' })
          const { report } = await host.hear('operator-crashed', patience)
          return { 'crash to first answer|ms': report.answeredAfterMs }
        } finally {
          await host.end({ type: 'stop' }, 15_000)
        }
      }),
    ),
}

/** The shop of the demonstration: a program that is asked to crash an operator of its own. */
function shopHost(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`../examples/shop/host${extension}`, import.meta.url))
}
