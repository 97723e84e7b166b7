import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import * as v from 'valibot'
import { Coordinator, journalRecordSchema, start } from '../../agents/index.ts'
import { builtInSkills } from '../../agents/skill-names.ts'
import { BUILT_IN_SKILLS } from '../../skills/index.ts'
import { linesOf } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-files-'))
after(() => rmSync(folder, { recursive: true }))

describe('the journal file', () => {
  it('tells a run from its start to its end, each line in the promised shape', async () => {
    const journal = join(folder, 'journal.jsonl')
    const lens = await start({ journal, skills: ['vm'] })
    try {
      const { runId } = await Coordinator.run({ reason: 'test', shop: { open: true } })
      const lines = linesOf<{ type: string; runId: string }>(readFileSync(journal, 'utf8'))
      for (const line of lines) v.parse(journalRecordSchema, line)
      const own = lines.filter((line) => line.runId === runId).map(({ type }) => type)
      assert.equal(own[0], 'run-started')
      assert.equal(own.at(-1), 'run-ended')
    } finally {
      await lens.stop()
    }
  })
})

describe('an observer port that is taken', () => {
  it('is the error of start(), and nothing is left: the next start works', async () => {
    const first = createServer()
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve))
    const { port } = first.address() as AddressInfo
    await assert.rejects(start({ observer: { port }, skills: ['vm'] }), {
      code: 'ERR_OBSERVER_LISTEN',
      message: /port is in use/,
    })
    await new Promise((resolve) => first.close(resolve))
    const lens = await start({ observer: { port }, skills: ['vm'] })
    assert.match(lens.observerUrl ?? '', new RegExp(`:${port}/`))
    await lens.stop()
  })
})

describe('the names of built-in skills', () => {
  it('are those of the skills room', () => {
    assert.deepEqual(builtInSkills, BUILT_IN_SKILLS)
  })
})
