import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  appendRecord,
  emptyJournal,
  type Journal,
  type JournalBounds,
  type JournalRecord,
  openRuns,
  replayRun,
  resultOf,
} from '../../agents/journal.ts'
import { stepCoordinator } from '../../agents/loop/coordinator-loop.ts'
import type { CoordinatorEvent, CoordinatorRun } from '../../agents/loop/coordinator-run.ts'
import { startCoordinatorRun } from '../../agents/loop/coordinator-start.ts'
import { ended, insightOf, notificationOf, started, startOf } from './support/journal-records.ts'
import { reply, t0 } from './support/kernel.ts'

const happened = (runId: string, event: CoordinatorEvent): JournalRecord => ({
  version: 1,
  at: event.at,
  runId,
  type: 'run-event',
  event,
})

function filled(records: JournalRecord[], bounds: Partial<JournalBounds> = {}): Journal {
  return records.reduce(
    (journal, record) => appendRecord(journal, record).journal,
    emptyJournal(bounds),
  )
}

function replayed(journal: Journal) {
  const run = journal.runs.get('r1')
  return run === undefined ? assert.fail('no run r1') : replayRun(run)
}

/** What a coordinator would have done: journal first, then step. */
function live(events: CoordinatorEvent[]): { records: JournalRecord[]; run: CoordinatorRun } {
  const records = [started('r1'), ...events.map((event) => happened('r1', event))]
  const run = events.reduce(
    (current, event) => stepCoordinator(current, event)[0],
    startCoordinatorRun(startOf('r1'), t0)[0],
  )
  return { records, run }
}

const invoke = reply({ intent: 'invoke_operators' as const, skills: ['vm'] })
const events: CoordinatorEvent[] = [
  { type: 'model-replied', request: 'q1', reply: invoke, at: t0 + 1 },
  { type: 'operator-started', operator: 'r1.vm.1', pid: '<2.1>', at: t0 + 2 },
]

describe('a journal', () => {
  it('gives back the run as it stood', () => {
    const { records, run } = live(events)
    const replay = replayed(filled(JSON.parse(JSON.stringify(records))))
    assert.ok(replay.ok)
    assert.deepEqual(JSON.parse(JSON.stringify(replay.run)), JSON.parse(JSON.stringify(run)))
  })

  it('tells the run of a notification that the coordinator did not live to hear, once', () => {
    const { records } = live(events)
    const written: JournalRecord = {
      version: 1,
      at: t0 + 3,
      runId: 'r1',
      type: 'notification',
      notification: notificationOf('r1.vm.1.n1'),
    }
    const heard: CoordinatorEvent = {
      type: 'operator-notified',
      operator: 'r1.vm.1',
      notification: notificationOf('r1.vm.1.n1'),
      at: t0 + 4,
    }
    for (const journal of [
      filled([...records, written]),
      filled([...records, written, happened('r1', heard)]),
    ]) {
      const replay = replayed(journal)
      assert.ok(replay.ok)
      assert.deepEqual(
        replay.run.notifications.map(({ id }) => id),
        ['r1.vm.1.n1'],
      )
    }
  })

  it('knows which runs are open', () => {
    const journal = filled([started('r1'), started('r2'), ended('r1')])
    assert.deepEqual(openRuns(journal), ['r2'])
    assert.equal(resultOf(journal, 'r1')?.outcome, 'cancelled')
    assert.equal(resultOf(journal, 'r2'), undefined)
  })

  it('keeps an insight once', () => {
    const record: JournalRecord = {
      version: 1,
      at: t0,
      runId: 'r1',
      type: 'insight',
      insight: insightOf('r1.i1'),
    }
    const journal = filled([started('r1'), record])
    const again = appendRecord(journal, record)
    assert.equal(again.isNew, false)
    assert.equal(again.journal.insights.length, 1)
  })

  it('forgets the oldest ended run and says so; open runs stay', () => {
    const journal = filled(
      [started('r0'), started('r1'), ended('r1'), started('r2'), ended('r2')],
      { maxEndedRuns: 2 },
    )
    const { journal: after, hits } = appendRecord(
      appendRecord(journal, started('r3')).journal,
      ended('r3'),
    )
    assert.deepEqual([...after.runs.keys()], ['r0', 'r2', 'r3'])
    assert.deepEqual(hits, [{ bound: 'maxEndedRuns', value: 2, runId: 'r1' }])
  })

  it('does not claim to know a run whose records did not fit', () => {
    const { records } = live(events)
    const journal = filled(records, { maxRecordsPerRun: 2 })
    const replay = replayed(journal)
    assert.equal(replay.ok, false)
    assert.match(replay.ok ? '' : replay.reason, /did not fit/)
  })

  it('bounds the insights in memory', () => {
    const records = ['a', 'b', 'c'].map<JournalRecord>((id) => ({
      version: 1,
      at: t0,
      runId: 'r1',
      type: 'insight',
      insight: insightOf(id),
    }))
    assert.deepEqual(
      filled(records, { maxInsights: 2 }).insights.map(({ id }) => id),
      ['b', 'c'],
    )
  })
})
