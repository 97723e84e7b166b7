import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { JournalRecord } from '../../agents/journal.ts'
import {
  JournalWriter,
  type WriterEvents,
  type WrittenFile,
} from '../../agents/servers/journal-writer.ts'
import { openDatabase } from '../../agents/storage/database.ts'
import { defaultFileBounds, type FileBounds } from '../../agents/storage/file-bounds.ts'
import { JournalFile } from '../../agents/storage/journal-file.ts'
import { ownerOf, temporaryFolder } from './storage/support.ts'
import { patienceMs } from './support/house.ts'
import { ended, notified, started } from './support/journal-records.ts'
import { t0 } from './support/kernel.ts'

const folder = temporaryFolder()

interface Told {
  readonly failures: string[]
  readonly hits: Parameters<WriterEvents['boundHit']>[0][]
}

function writerOf(file: WrittenFile, bounds: FileBounds = defaultFileBounds) {
  const told: Told = { failures: [], hits: [] }
  const writer = new JournalWriter(file, bounds, {
    failed: (message) => told.failures.push(message),
    boundHit: (hit) => told.hits.push(hit),
    interrupted: () => {},
  })
  const write = (record: JournalRecord): Promise<boolean> =>
    new Promise((resolve) => writer.add(record, resolve))
  return { writer, write, told }
}

/** A file whose transactions are counted; `fails` says which records it cannot take. */
function countingFile(fails: (record: JournalRecord) => boolean = () => false) {
  const transactions: JournalRecord[][] = []
  const file: WrittenFile = {
    interrupted: [],
    append: (records) => {
      if (records.some(fails)) throw new Error('disk I/O error')
      transactions.push([...records])
      return records.length
    },
    forgetSome: () => undefined,
    sight: () => [],
    end: () => {},
    close: () => {},
  }
  return { file, transactions }
}

const journalFile = (name: string): JournalFile =>
  new JournalFile(join(folder, name), ownerOf('life'), t0)

describe('writing a journal', () => {
  it('takes all that came in a turn in one transaction, in order', async () => {
    const { file, transactions } = countingFile()
    const { write } = writerOf(file)
    const records = Array.from({ length: 50 }, (_, index) => notified(`n${index}`, 'r1'))
    assert.deepEqual(
      await Promise.all(records.map(write)),
      records.map(() => true),
    )
    assert.deepEqual(transactions, [records])
  })

  it('answers when the record stands in the file, not before', async () => {
    const file = journalFile('answers.db')
    const { writer, write } = writerOf(file)
    const answer = write(notified('n1', 'r1'))
    assert.equal(file.recordsOf('r1').length, 0)
    await answer
    assert.equal(file.recordsOf('r1').length, 1)
    writer.close(true)
  })

  it('goes on in the next turn when the time of one is over', async () => {
    const file = journalFile('slices.db')
    const { writer, write } = writerOf(file)
    const records = Array.from({ length: 2_000 }, (_, index) => notified(`n${index}`, 'r1'))
    await Promise.all(records.map(write))
    assert.equal(file.recordsOf('r1').length, 2_000)
    writer.close(true)
  })

  it('waits for a file that another process holds', async () => {
    const file = journalFile('busy.db')
    const { writer, write, told } = writerOf(file)
    const other = openDatabase(join(folder, 'busy.db'), { busyMs: 1_000 })
    other.script('begin immediate')
    const answer = write(notified('n1', 'r1'))
    setTimeout(() => {
      other.script('commit')
      other.close()
    }, 60)
    assert.equal(await answer, true)
    assert.deepEqual(told.failures, [])
    writer.close(true)
  })

  it('loses one record that cannot be written, not those beside it, and says so', async () => {
    const { file, transactions } = countingFile(
      (record) => record.type === 'notification' && record.notification.id === 'n2',
    )
    const { write, told } = writerOf(file)
    const answers = await Promise.all(['n1', 'n2', 'n3'].map((id) => write(notified(id, 'r1'))))
    assert.deepEqual(answers, [true, false, true])
    assert.deepEqual(told.failures, ['disk I/O error'])
    assert.equal(transactions.length, 2)
  })

  it('writes what waits when it is closed', () => {
    const path = join(folder, 'closed.db')
    const { writer } = writerOf(journalFile('closed.db'))
    writer.add(notified('n1', 'r1'))
    writer.close(true)
    const again = new JournalFile(path, ownerOf('next'), t0)
    assert.equal(again.recordsOf('r1').length, 1)
    again.close()
  })

  it('forgets the oldest runs of a file that is too large, and tells which', async () => {
    const file = journalFile('large.db')
    const { writer, write, told } = writerOf(file, { maxBytes: 200_000, maxAgeMs: 2 ** 50 })
    for (const runId of ['r1', 'r2', 'r3']) {
      await write(started(runId))
      await Promise.all(
        Array.from({ length: 300 }, (_, index) => write(notified(`${runId}.n${index}`, runId))),
      )
      await write(ended(runId))
    }
    const until = Date.now() + patienceMs
    while (told.hits.length === 0 && Date.now() < until)
      await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told.hits[0], { bound: 'maxBytes', value: 200_000, runId: 'r1' })
    writer.close(true)
  })
})
