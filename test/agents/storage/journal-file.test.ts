import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openDatabase } from '../../../agents/storage/database.ts'
import { JournalFile, maxApplications } from '../../../agents/storage/journal-file.ts'
import { migrate, migrations } from '../../../agents/storage/migrations.ts'
import { concluded, ended, notified, started } from '../support/journal-records.ts'
import { t0 } from '../support/kernel.ts'
import { ownerOf, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
let serial = 0
const fresh = (): string => join(folder, `${++serial}`, 'journal.db')

function written(path: string, ...records: Parameters<JournalFile['append']>[0]): JournalFile {
  const file = new JournalFile(path, ownerOf('life'), t0)
  file.append(records, Number.POSITIVE_INFINITY)
  return file
}

function rowsOf(path: string, sql: string) {
  const database = openDatabase(path, { busyMs: 1_000 })
  try {
    return database.all(sql)
  } finally {
    database.close()
  }
}

describe('a journal file', () => {
  it('gives back the records of a run as they were written', () => {
    const records = [
      started('r1'),
      notified('r1.vm.1.n1', 'r1'),
      concluded('r1.i1', 'r1'),
      ended('r1'),
    ]
    const file = written(fresh(), ...records, started('r2'))
    assert.deepEqual(file.recordsOf('r1'), JSON.parse(JSON.stringify(records)))
    file.close()
  })

  it('keeps a notification once', () => {
    const file = written(fresh(), notified('n1', 'r1'), notified('n1', 'r1'))
    assert.equal(file.recordsOf('r1').length, 1)
    file.close()
  })

  it('can be read with SQL while it is written', () => {
    const path = fresh()
    const file = written(path, started('r1'), notified('r1.vm.1.n1', 'r1'), ended('r1'))
    assert.deepEqual(
      rowsOf(path, 'select id, skill, severity, observation from notifications').map((row) => ({
        ...row,
      })),
      [{ id: 'r1.vm.1.n1', skill: 'vm', severity: 'critical', observation: 'blocked' }],
    )
    assert.equal(rowsOf(path, 'select outcome from runs')[0]?.['outcome'], 'cancelled')
    assert.equal(rowsOf(path, 'select data from snapshots')[0]?.['data'], '{"lagMs":900}')
    file.close()
  })

  it('takes an insight without a run as that of a crash', () => {
    const path = fresh()
    written(path, concluded('r9.i1', 'r9')).close()
    assert.equal(rowsOf(path, 'select kind from runs')[0]?.['kind'], 'crash')
  })

  it('gives a life that goes on its open runs and the newest that ended', () => {
    const path = fresh()
    const runs = ['r1', 'r2'].flatMap((id, index) => [
      started(id, t0 + index),
      ended(id, t0 + index),
    ])
    written(path, ...runs, started('r3', t0 + 5)).close()
    const again = new JournalFile(path, ownerOf('life'), t0 + 9)
    const known = new Set(again.ownRecords(1).map(({ runId }) => runId))
    assert.deepEqual([...known], ['r2', 'r3'])
    assert.deepEqual(again.interrupted, [])
    again.close()
  })

  it('marks what a dead process had under way as interrupted, with what was known', () => {
    const path = fresh()
    written(path, started('r1'), notified('n1', 'r1', t0 + 7), started('r2'), ended('r2')).close()
    const next = new JournalFile(path, ownerOf('next'), t0 + 20)
    assert.deepEqual(next.interrupted, [
      {
        runId: 'r1',
        pid: process.pid,
        host: 'here',
        knownUntil: t0 + 7,
        notifications: 1,
        insights: 0,
      },
    ])
    next.close()
    const runs = rowsOf(path, 'select id, outcome, partial, ended_at from runs order by id')
    assert.deepEqual(
      runs.map((row) => ({ ...row })),
      [
        { id: 'r1', outcome: 'interrupted', partial: 1, ended_at: t0 + 7 },
        { id: 'r2', outcome: 'cancelled', partial: 1, ended_at: t0 },
      ],
    )
    assert.equal(
      rowsOf(path, `select ending from sessions where id = 'life'`)[0]?.['ending'],
      'lost',
    )
  })

  it('says of a life that was ended that its runs were stopped', () => {
    const path = fresh()
    const file = written(path, started('r1'))
    file.end(t0 + 1)
    file.close()
    const next = new JournalFile(path, ownerOf('next'), t0 + 2)
    assert.deepEqual(next.interrupted, [])
    next.close()
    assert.equal(rowsOf(path, 'select outcome from runs')[0]?.['outcome'], 'stopped')
  })
})

describe('what was learned of an application', () => {
  it('replaces what was learned of it before', () => {
    const file = written(fresh())
    assert.equal(file.baselinesOf('/srv/shop.js'), undefined)
    file.keepBaselines('/srv/shop.js', 'once', t0)
    file.keepBaselines('/srv/shop.js', 'twice', t0 + 1)
    assert.equal(file.baselinesOf('/srv/shop.js'), 'twice')
    file.close()
  })

  it('makes room for another by going when it is the oldest', () => {
    const file = written(fresh())
    const removed = Array.from({ length: maxApplications + 1 }, (_, index) =>
      file.keepBaselines(`/srv/${index}.js`, 'x', t0 + index),
    )
    assert.deepEqual([removed.at(-2), removed.at(-1)], [0, 1])
    assert.deepEqual(
      [file.baselinesOf('/srv/0.js'), file.baselinesOf('/srv/1.js')],
      [undefined, 'x'],
    )
    file.close()
  })
})

describe('a file of the first version', () => {
  it('has a place for baselines once it was opened, and keeps what it held', () => {
    const path = join(folder, 'first.db')
    const first = openDatabase(path, { busyMs: 100 })
    migrate(first, path, migrations.slice(0, 1))
    first.script(
      "insert into runs (id, session, kind, started_at) values ('r0', 's', 'operator', 1)",
    )
    first.close()
    const file = new JournalFile(path, ownerOf('life'), t0)
    file.keepBaselines('/srv/shop.js', 'x', t0)
    file.close()
    assert.equal(rowsOf(path, 'select id from runs')[0]?.['id'], 'r0')
  })
})

describe('a file that is no journal', () => {
  const open = (path: string): JournalFile => new JournalFile(path, ownerOf('life'), t0)

  it('is refused and left as it is when it holds text', () => {
    const path = join(folder, 'notes.txt')
    const text = 'not a database, and rather long '.repeat(200)
    writeFileSync(path, text)
    assert.throws(() => open(path), { code: 'ERR_JOURNAL_UNUSABLE', message: /not a database/ })
    assert.equal(readFileSync(path, 'utf8'), text)
  })

  it('is refused when it is a database of something else', () => {
    const path = join(folder, 'shop.db')
    const shop = openDatabase(path, { busyMs: 100 })
    shop.script('create table orders (id)')
    shop.close()
    assert.throws(() => open(path), { code: 'ERR_JOURNAL_UNUSABLE', message: /something else/ })
    assert.deepEqual(rowsOf(path, 'select name from sqlite_schema').length, 1)
  })

  it('is refused when a newer nodelens wrote it', () => {
    const path = fresh()
    written(path).close()
    const newer = openDatabase(path, { busyMs: 100 })
    newer.script('pragma user_version = 99')
    newer.close()
    assert.throws(() => open(path), {
      code: 'ERR_JOURNAL_UNUSABLE',
      message: /version 99.*Update nodelens/,
    })
  })

  it('is refused when it is a folder', () => {
    assert.throws(() => open(folder), { code: 'ERR_JOURNAL_UNUSABLE' })
  })
})

describe('migrate', () => {
  const open = (path: string) => openDatabase(path, { busyMs: 100 })

  it('takes an older file through each newer version and keeps what it holds', () => {
    const path = join(folder, 'old.db')
    const database = open(path)
    assert.equal(migrate(database, path, ['create table a (x)']), 0)
    database.script('insert into a values (7)')
    const steps = ['create table a (x)', 'alter table a add column y', 'update a set y = x + 1']
    assert.equal(migrate(database, path, steps), 1)
    assert.deepEqual({ ...database.all('select x, y from a')[0] }, { x: 7, y: 8 })
    assert.equal(migrate(database, path, steps), 3)
    database.close()
  })

  it('leaves the file at its version when a step fails', () => {
    const path = join(folder, 'failing.db')
    const database = open(path)
    migrate(database, path, ['create table a (x)'])
    assert.throws(() => migrate(database, path, ['', 'create table b (x)', 'nonsense']), /syntax/)
    assert.deepEqual(
      database.all('select name from sqlite_schema').map(({ name }) => name),
      ['a'],
    )
    assert.equal(migrate(database, path, ['', 'create table c (x)']), 1)
    database.close()
  })

  it('knows the versions that there are', () => {
    const path = join(folder, 'known.db')
    const database = open(path)
    migrate(database, path)
    assert.equal(migrate(database, path), migrations.length)
    database.close()
  })
})
