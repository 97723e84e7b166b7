import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { durationOf, history, historyText } from '../../../agents/cli/history.ts'
import type { JournalRecord } from '../../../agents/journal.ts'
import { openDatabase } from '../../../agents/storage/database.ts'
import { readHistory } from '../../../agents/storage/history.ts'
import { historySchema } from '../../../agents/storage/history-schema.ts'
import { JournalFile } from '../../../agents/storage/journal-file.ts'
import { concluded, ended, notified, started } from '../support/journal-records.ts'
import { t0 } from '../support/kernel.ts'
import { ownerOf, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const hour = 3_600_000

function turn(model: string, costUsd: number | null, at = t0): JournalRecord {
  const usage = { inputTokens: 100, outputTokens: 20, reasoningTokens: 0, cachedTokens: 0, costUsd }
  const action = { intent: 'wait' as const, ms: 1 }
  return {
    version: 1,
    at,
    runId: 'r1',
    type: 'model-turn',
    agent: 'r1',
    heard: [],
    model,
    action,
    usage,
  }
}

/** The file of one process, which lives on. */
function written(
  name: string,
  records: readonly JournalRecord[],
): { path: string; file: JournalFile } {
  const path = join(folder, name)
  const file = new JournalFile(path, ownerOf('life', { host: hostname() }), t0)
  file.append(records, Number.POSITIVE_INFINITY)
  return { path, file }
}

const night: readonly JournalRecord[] = [
  started('r1'),
  notified('r1.vm.1.n1', 'r1'),
  concluded('r1.i1', 'r1', t0 + 1),
  turn('rules', 0),
  ended('r1', t0 + 2_000),
  started('r2', t0 + hour),
]

describe('readHistory', () => {
  it('tells the runs, newest first, while their process writes', () => {
    const { path, file } = written('night.db', night)
    const { runs } = readHistory(path)
    file.close()
    assert.deepEqual(
      runs.map(({ runId, outcome, notifications, insights }) => [
        runId,
        outcome,
        notifications,
        insights,
      ]),
      [
        ['r2', undefined, 0, 0],
        ['r1', 'cancelled', 1, 1],
      ],
    )
    assert.equal(runs[1]?.reason, 'p99 doubled')
  })

  it('tells of a run whose process is gone that it was interrupted, before anybody marks it', () => {
    const path = join(folder, 'gone.db')
    const file = new JournalFile(path, ownerOf('life', { host: 'long silent' }), t0)
    file.append([started('r1'), notified('n1', 'r1', t0 + 7)], Number.POSITIVE_INFINITY)
    const [run] = readHistory(path).runs
    file.close()
    assert.deepEqual(
      [run?.outcome, run?.partial, run?.endedAt],
      ['interrupted', true, new Date(t0 + 7).toISOString()],
    )
  })

  it('tells what happened since a time', () => {
    const { path, file } = written('since.db', night)
    const { runs, insights } = readHistory(path, { since: t0 + hour / 2 })
    file.close()
    assert.deepEqual([runs.map(({ runId }) => runId), insights], [['r2'], []])
  })

  it('tells everything of one run', () => {
    const { path, file } = written('one.db', night)
    const { records = [] } = readHistory(path, { runId: 'r1' })
    file.close()
    assert.deepEqual(
      records.map(({ type }) => type),
      ['run-started', 'notification', 'insight', 'model-turn', 'run-ended'],
    )
  })

  it('adds up what models cost, and does not know a sum of which a part is not known', () => {
    const turns = [
      turn('a/known', 0.25),
      turn('a/known', 0.5),
      turn('b/new', 0.25),
      turn('b/new', null),
    ]
    const { path, file } = written('cost.db', [started('r1'), ...turns])
    const { spending } = readHistory(path)
    file.close()
    assert.deepEqual(
      spending.map(({ model, turns: count, inputTokens, costUsd }) => [
        model,
        count,
        inputTokens,
        costUsd,
      ]),
      [
        ['a/known', 2, 200, 0.75],
        ['b/new', 2, 200, null],
      ],
    )
  })

  it('says that there is more than it was asked for', () => {
    const { path, file } = written('more.db', night)
    assert.equal(readHistory(path, { limit: 1 }).truncated, true)
    assert.equal(readHistory(path, { limit: 2 }).truncated, false)
    file.close()
  })

  it('counts what it cannot read', () => {
    const { path, file } = written('damaged.db', night)
    file.close()
    const database = openDatabase(path, { busyMs: 100 })
    database.script(`update records set body = '{"insight":7}' where type = 'insight'`)
    database.close()
    const { insights, unreadable } = readHistory(path)
    assert.deepEqual([insights, unreadable], [[], 1])
  })

  it('changes nothing: a file that is not there is not made', () => {
    const path = join(folder, 'none.db')
    assert.throws(() => readHistory(path), {
      code: 'ERR_JOURNAL_UNUSABLE',
      message: /no such file/,
    })
    assert.throws(() => readHistory(path), {
      code: 'ERR_JOURNAL_UNUSABLE',
      message: /no such file/,
    })
  })

  it('refuses what is no journal', () => {
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'x'.repeat(5_000))
    assert.throws(() => readHistory(path), {
      code: 'ERR_JOURNAL_UNUSABLE',
      message: /not a database/,
    })
  })

  it('refuses options that cannot be meant', () => {
    assert.throws(() => readHistory('x', { limit: 0 }), RangeError)
    assert.throws(() => readHistory('x', { since: Number.NaN }), RangeError)
  })
})

describe('nodelens history', () => {
  it('prints JSON in the promised shape', () => {
    const { path, file } = written('json.db', night)
    const printed: unknown = JSON.parse(history(path, { runId: 'r1' }, true))
    file.close()
    assert.equal(v.parse(historySchema, printed).version, 1)
  })

  it('prints runs with their insights and costs for people', () => {
    const { path, file } = written('text.db', night)
    const text = history(path, {}, false)
    file.close()
    assert.match(text, /^2026-11-24 01:00:00Z {2}under way {2}p99 doubled\n/)
    assert.match(
      text,
      /cancelled {2}2\.0 s {2}p99 doubled\n.*\n(?:.*\n)?.*CRITICAL {2}the loop is blocked/,
    )
    assert.match(text, /rules {2}1 turns \(0 failed\), 100 \+ 20 tokens, \$0\.0000/)
  })

  it('prints no control characters of what an application said', () => {
    const { path, file } = written('control.db', night)
    const found = readHistory(path)
    file.close()
    const [run] = found.runs
    assert.ok(run)
    const text = historyText({ ...found, runs: [{ ...run, reason: 'a\u001b[2Jb' }] })
    assert.match(text, /a\[2Jb/)
  })

  it('reads durations', () => {
    assert.deepEqual(['90m', '24h', '7d', '7', 'd', '1w'].map(durationOf), [
      90 * 60_000,
      24 * hour,
      7 * 24 * hour,
      undefined,
      undefined,
      undefined,
    ])
  })
})
