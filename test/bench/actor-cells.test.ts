import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Column, type Contestant, measureCells, ownSubject } from '../../bench/cells.ts'

const settings = { smoke: true, registerPath: '', log: () => {} }
const columns: readonly Column[] = [
  { load: 'tell', metric: 'tell', unit: 'messages/s', reading: 'perSecond' },
  { load: 'call', metric: 'call', unit: 'µs', reading: 'middleUs' },
  { load: 'restart', metric: 'restart', unit: 'µs', reading: 'middleUs' },
  { load: 'flood', metric: 'timer late', unit: 'ms', reading: 'lateMs' },
]

describe('the cells of the actor benches', () => {
  it('measure each contestant under each load', async () => {
    const contestants = [
      ownSubject('run queue', 'run-queue-subject'),
      ownSubject('nodelens', 'nodelens-subject'),
    ]
    const measurements = await measureCells(columns, contestants, settings)
    assert.deepEqual(
      measurements.map(({ metric, variant }) => `${metric}, ${variant}`).toSorted(),
      columns.flatMap(({ metric }) => [`${metric}, nodelens`, `${metric}, run queue`]).toSorted(),
    )
    for (const { metric, readings } of measurements) {
      const [reading = Number.NaN] = readings
      assert.ok(Number.isFinite(reading) && (metric === 'timer late' || reading > 0), metric)
    }
  })

  it('leave out what a contestant cannot do', async () => {
    const contestants = [ownSubject('run queue', 'run-queue-subject', ['call'])]
    const measurements = await measureCells(columns, contestants, settings)
    assert.deepEqual(
      measurements.map(({ metric }) => metric),
      ['call'],
    )
  })

  it('fail with what a contestant printed instead of a reading', async () => {
    const silent: Contestant = {
      variant: 'silent',
      command: () => [process.execPath, ['--eval', 'console.log(\'"nothing"\')']],
    }
    await assert.rejects(measureCells(columns, [silent], settings), /silent under tell printed/)
  })
})
