import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addonsOf, spaceRows } from '../../skills/allocator/levels.ts'
import { findingRow } from '../../skills/allocator/rows.ts'
import { judgeMemory, type MemoryCourse } from '../../skills/allocator/verdict.ts'
import { textOf } from '../../skills/json.ts'
import type { Point } from '../../skills/series.ts'
import { answerAfter } from './support.ts'

/** One value every two seconds. */
function course(count: number, valueAt: (index: number) => number): Point[] {
  return Array.from({ length: count }, (_, index) => ({
    at: index * 2000,
    value: valueAt(index),
  }))
}

const COUNT = 60
const flat = (value: number): Point[] => course(COUNT, () => value)
const quiet: MemoryCourse = {
  external: flat(5),
  externalFloors: [],
  unexplained: flat(40),
  explained: flat(60),
  threads: flat(20),
  contexts: flat(2),
  heapUsed: flat(40),
  heapCommitted: flat(60),
}
const noise = (index: number): number => (index % 3) * 4

describe('judgeMemory', () => {
  const cases: readonly (readonly [string, Partial<MemoryCourse>, readonly string[]])[] = [
    ['nothing', {}, []],
    ['noise', { external: course(COUNT, noise), unexplained: course(COUNT, noise) }, []],
    [
      'Buffers that stay, after a full collection too',
      {
        external: course(COUNT, (index) => 5 + index * 2),
        externalFloors: [{ at: 90_000, value: 90 }],
      },
      ['external_growth told'],
    ],
    [
      'Buffers of which it is not known whether they stay',
      { external: course(COUNT, (index) => 5 + index * 2) },
      ['external_growth'],
    ],
    [
      'Buffers that the last full collection took',
      {
        external: course(COUNT, (index) => 5 + index * 2),
        externalFloors: [{ at: 90_000, value: 12 }],
      },
      [],
    ],
    ['Buffers that come and go', { external: course(COUNT, (index) => 5 + (index % 10) * 20) }, []],
    ['a pool that fills', { external: course(COUNT, (index) => 5 + Math.min(index, 8) * 20) }, []],
    [
      'native memory',
      { unexplained: course(COUNT, (index) => 40 + index * 3) },
      ['native_growth told'],
    ],
    [
      'native memory, for a moment only',
      { unexplained: course(24, (index) => 40 + index * 8) },
      ['native_growth'],
    ],
    [
      'new threads explain it',
      {
        unexplained: course(COUNT, (index) => 40 + index * 3),
        threads: course(COUNT, (index) => 20 + Math.floor(index / 4)),
      },
      [],
    ],
    [
      'the heap grows beside it',
      {
        unexplained: course(COUNT, (index) => 40 + index * 3),
        explained: course(COUNT, (index) => 60 + index * 3),
      },
      [],
    ],
    [
      'contexts that stay',
      { contexts: course(COUNT, (index) => 2 + index) },
      ['contexts_growth told'],
    ],
    [
      'a heap that is half empty',
      { heapCommitted: flat(300), heapUsed: course(COUNT, (index) => 90 + noise(index)) },
      ['fragmentation'],
    ],
    ['a heap that is used', { heapCommitted: flat(300), heapUsed: flat(250) }, []],
    ['a small heap that is half empty', { heapCommitted: flat(80), heapUsed: flat(20) }, []],
  ]
  for (const [name, more, expected] of cases) {
    it(name, () => {
      const findings = judgeMemory({ ...quiet, ...more })
      assert.deepEqual(
        findings.map(({ trouble, isTelling }) => (isTelling ? `${trouble} told` : trouble)),
        expected,
      )
    })
  }

  it('knows nothing without readings, as on platforms that do not tell', () => {
    assert.deepEqual(judgeMemory({ ...quiet, unexplained: [], threads: [] }), [])
  })
})

describe('spaceRows', () => {
  it('gives what is taken and what is used, the largest first, without empty spaces', () => {
    const mb = 1_048_576
    const rows = spaceRows([
      { name: 'code_space', committedBytes: 0, usedBytes: 0, physicalBytes: 0 },
      { name: 'new_space', committedBytes: mb, usedBytes: mb / 4, physicalBytes: mb },
      { name: 'old_space', committedBytes: 8 * mb, usedBytes: 6 * mb, physicalBytes: 7 * mb },
    ])
    assert.deepEqual(rows, [
      { name: 'old_space', usedMb: 6, committedMb: 8, physicalMb: 7, usedPct: 75 },
      { name: 'new_space', usedMb: 0.3, committedMb: 1, physicalMb: 1, usedPct: 25 },
    ])
  })
})

describe('addonsOf', () => {
  it('names packages, scoped ones too, each once', () => {
    const maps = [
      '7f00-7f01 r-xp 0 08:01 1 /app/node_modules/sharp/build/Release/sharp.node',
      '7f01-7f02 rw-p 0 08:01 1 /app/node_modules/sharp/build/Release/sharp.node',
      '7f02-7f03 r-xp 0 08:01 1 /app/node_modules/@img/core/lib/x.node',
      '7f03-7f04 r-xp 0 08:01 1 /usr/lib/libc.so.6',
      '7f04-7f05 r-xp 0 08:01 1 /opt/own.node',
    ].join('\n')
    assert.deepEqual(addonsOf(maps), ['sharp', '@img/core', '/opt/own.node'])
  })
})

describe('findingRow', () => {
  const levels = {
    at: 0,
    rssMb: 300,
    anonymousMb: 250,
    fileMb: 50,
    heapCommittedMb: 60,
    heapUsedMb: 40,
    heapPhysicalMb: 58,
    externalMb: 105,
    arrayBuffersMb: 100,
    mallocedMb: 1,
    ownHeapMb: 12,
    unexplainedMb: 74,
    threads: 20,
    contexts: 2,
    detachedContexts: 0,
  }
  const rise = { from: 5, to: 105, overMs: 20_000 }
  const finding = { trouble: 'external_growth', rise, isTelling: true } as const
  const place = (
    mbPerSecond: number,
    sharePct: number,
  ): { [name: string]: string | number | { file: string; line: number; function: string } } => ({
    location: { file: '/app/a.js', line: 3, function: 'keepFrame' },
    where: 'keepFrame (a.js:3)',
    mbPerSecond,
    sharePct,
  })

  it('names who makes as many Buffers as are kept', () => {
    const row = findingRow(finding, levels, { buffers: place(5, 90), addons: [] })
    const observation = textOf(Object(row)['observation'])
    assert.equal(Object(row['location']).function, 'keepFrame')
    assert.match(observation, /from 5 to 105 MB in 20 s; 100 MB of it are Buffers/)
  })
  it('names nobody who makes but a small part of them', () => {
    for (const suspect of [place(0.2, 90), place(5, 20)]) {
      assert.equal(findingRow(finding, levels, { buffers: suspect, addons: [] })['location'], null)
    }
  })
  it('does not know whose native memory it is, and says so', () => {
    const row = findingRow({ ...finding, trouble: 'native_growth' }, levels, { addons: ['sharp'] })
    assert.equal(row['confidence'], 'low')
    assert.match(textOf(Object(row)['explanation']), /loaded: sharp.*cannot be told from inside/)
  })
})

describe('allocator in a running application', () => {
  it('sees native memory that V8 does not know of', async () => {
    const [before, after] = await answerAfter(
      'memory-app',
      'native',
      ['allocator'],
      [
        { call: 'allocator_memory', afterMs: 3000 },
        { call: 'allocator_memory', afterMs: 12_000 },
      ],
    )
    const grown = (name: string): number => Object(after)[name] - Object(before)[name]
    assert.ok(grown('unexplainedMb') > 15, JSON.stringify([before, after]))
    assert.ok(grown('externalMb') < 5)
  })

  it('names the function whose Buffers stay', async () => {
    const [rows] = await answerAfter(
      'memory-app',
      'buffers',
      ['allocator'],
      [{ call: 'allocator_buffers', afterMs: 1000 }],
    )
    const [row] = Object(rows)
    assert.equal(row.location.function, 'keepFrame')
    assert.ok(row.sharePct > 80)
    assert.equal(row.alivePct, 100)
  })
})
