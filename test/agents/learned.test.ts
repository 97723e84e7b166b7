import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type JournalArgs, journal } from '../../agents/servers/journal-server.ts'
import { inJournal } from '../../agents/servers/learned.ts'
import { defaultFileBounds } from '../../agents/storage/file-bounds.ts'
import { child, startRuntime } from '../../runtime/index.ts'
import { ownerOf, temporaryFolder } from './storage/support.ts'

const folder = temporaryFolder()
const settings = { application: '/srv/shop.js', intervalMs: 5_000 }

function argsFor(name: string): JournalArgs {
  return {
    journal: { path: join(folder, name), owner: ownerOf('life'), bounds: defaultFileBounds },
  }
}

/** One life of a journal, as its skills see it. */
async function live<Result>(args: JournalArgs, use: () => Promise<Result>): Promise<Result> {
  const runtime = await startRuntime({
    strategy: 'one_for_one',
    keepAlive: false,
    children: [child(journal, { args, placement: 'root' })],
  })
  try {
    return await runtime.act(use)
  } finally {
    await runtime.stop()
  }
}

describe('what anomaly learned', () => {
  it('is kept in the journal and is there in the next life', async () => {
    const args = argsFor('learned.db')
    const first = await live(args, async () => {
      const { store } = await inJournal(settings)
      const known = store?.load()
      store?.save('learned')
      return known
    })
    assert.equal(first, undefined)
    const next = await live(args, async () => (await inJournal(settings)).store?.load())
    assert.equal(next, 'learned')
  })

  it('stays where it was when the journal is lines, or in memory', async () => {
    for (const args of [argsFor('lines.jsonl'), {}])
      assert.deepEqual(await live(args, () => inJournal(settings)), settings)
  })
})
