import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { JournalRecord } from '../../../agents/journal.ts'
import { JournalFile } from '../../../agents/storage/journal-file.ts'
import { ended, notified, started } from '../support/journal-records.ts'
import { t0 } from '../support/kernel.ts'
import { ownerOf, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const minute = 60_000
const plenty = { maxBytes: 2 ** 40, maxAgeMs: 2 ** 40 }

function fileOf(name: string, ...records: JournalRecord[]): JournalFile {
  const file = new JournalFile(join(folder, name), ownerOf('life'), t0)
  file.append(records, Number.POSITIVE_INFINITY)
  return file
}

/** A run of many records that ended at a time. */
function large(runId: string, at: number, count = 250): JournalRecord[] {
  const notifications = Array.from({ length: count }, (_, index) =>
    notified(`${runId}.n${index}`, runId, at),
  )
  return [started(runId, at), ...notifications, ended(runId, at)]
}

/** Forgets until nothing is left to forget. */
function forgetAll(file: JournalFile, bounds: Partial<typeof plenty>, now: number) {
  const steps = []
  for (;;) {
    const step = file.forgetSome({ ...plenty, ...bounds }, now)
    if (step === undefined) return steps
    steps.push(step)
    assert.ok(steps.length < 1000, 'it never ends')
  }
}

describe('forgetting', () => {
  it('does nothing within the bounds', () => {
    const file = fileOf('within.db', ...large('r1', t0))
    assert.deepEqual(forgetAll(file, {}, t0), [])
    file.close()
  })

  it('takes the oldest run first, a part at a time, until the file is small enough', () => {
    const file = fileOf('size.db', ...large('r1', t0), ...large('r2', t0 + minute))
    const steps = forgetAll(file, { maxBytes: 200_000 }, t0 + minute)
    assert.deepEqual(
      steps.map(({ runId, isWhole }) => [runId, isWhole]),
      [
        ['r1', false],
        ['r1', false],
        ['r1', true],
      ],
    )
    assert.equal(file.recordsOf('r1').length, 0)
    assert.equal(file.recordsOf('r2').length, 252)
    file.close()
  })

  it('takes runs that ended too long ago', () => {
    const file = fileOf('age.db', ...large('r1', t0, 3), ...large('r2', t0 + 5 * minute, 3))
    const steps = forgetAll(file, { maxAgeMs: 3 * minute }, t0 + 6 * minute)
    assert.deepEqual(steps, [{ bound: 'maxAgeMs', runId: 'r1', isWhole: true }])
    file.close()
  })

  it('never takes a run that is under way, and says that the file is too large', () => {
    const file = fileOf('open.db', ...large('r1', t0).slice(0, -1))
    assert.deepEqual(file.forgetSome({ maxBytes: 1, maxAgeMs: 1 }, t0 + minute), {
      bound: 'maxBytes',
      isWhole: true,
    })
    assert.equal(file.recordsOf('r1').length, 251)
    file.close()
  })

  it('keeps the size of a file that is written for ever', () => {
    const file = fileOf('ever.db')
    const bounds = { ...plenty, maxBytes: 400_000 }
    for (let round = 0; round < 12; round += 1) {
      file.append(large(`r${round}`, t0 + round), Number.POSITIVE_INFINITY)
      forgetAll(file, bounds, t0 + round)
    }
    assert.equal(file.recordsOf('r11').length, 252)
    assert.equal(file.recordsOf('r0').length, 0)
    file.close()
  })
})
