import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import * as v from 'valibot'
import { Coordinator, journalRecordSchema, readHistory, start } from '../../agents/index.ts'
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

describe('a journal that is a database', () => {
  it('tells the whole run: its end, the turns of the models, what they cost', async () => {
    const journal = join(folder, 'deep', 'journal.db')
    const lens = await start({ journal: { file: journal, maxBytes: 1_048_576 }, skills: ['vm'] })
    const { runId } = await Coordinator.run({ reason: 'test' })
    await lens.stop()
    const { runs, spending, records = [], unreadable } = readHistory(journal, { runId })
    assert.deepEqual(
      runs.map(({ runId: id, outcome, reason }) => [id, outcome, reason]),
      [[runId, 'done', 'test']],
    )
    assert.deepEqual(
      spending.map(({ model, costUsd }) => [model, costUsd]),
      [['rules', 0]],
    )
    const agents = records.flatMap((record) => (record.type === 'model-turn' ? record.agent : []))
    assert.ok(agents.includes(runId) && agents.includes(`${runId}.vm.1`), agents.join(' '))
    assert.equal(unreadable, 0)
  })

  it('is the error of start() when the file is something else, and nothing is left', async () => {
    const journal = join(folder, 'notes.txt')
    writeFileSync(journal, 'rather long '.repeat(1_000))
    await assert.rejects(start({ journal, skills: ['vm'] }), {
      code: 'ERR_JOURNAL_UNUSABLE',
      message: /notes\.txt cannot be used: it is not a database/,
    })
    const lens = await start({ skills: ['vm'] })
    await lens.stop()
  })

  it('must have room for something', async () => {
    await assert.rejects(start({ journal: { file: 'x.db', maxBytes: 5 } }), {
      name: 'TypeError',
      message: /maxBytes: expected >=1048576; got 5/,
    })
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
