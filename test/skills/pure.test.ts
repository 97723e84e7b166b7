import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { hotLines } from '../../skills/gateway/profile.ts'
import { defineSkill, evaluateConditions, type Json, renderTemplate } from '../../skills/index.ts'
import { capValue, DEFAULT_CAP, TooLarge } from '../../skills/probe/cap.ts'
import { descriptionOf } from '../../skills/probe/defined.ts'
import { originOf, parseStackText } from '../../skills/source/frame.ts'
import { enclosingFunction, listFunctions, positionOf } from '../../skills/source/functions.ts'
import { maskSource } from '../../skills/source/mask.ts'
import { SourceFiles } from '../../skills/source/source-files.ts'
import { floorGrowth, outsideGrowth } from '../../skills/vm/heap-growth.ts'
import { analyseStall, areMicrotasks } from '../../skills/vm-events/analyse.ts'
import type { StallEvidence, TimedSample } from '../../skills/vm-events/stall.ts'

describe('evaluateConditions', () => {
  const row: Json = { count: 3, name: 'a', none: null, deep: { list: [{ size: 7 }] }, flag: false }
  const cases: readonly (readonly [string, Parameters<typeof evaluateConditions>[0], boolean])[] = [
    ['none', undefined, true],
    ['above holds', [{ field: 'count', above: 2 }], true],
    ['above is strict', [{ field: 'count', above: 3 }], false],
    ['below holds', [{ field: 'deep.list.0.size', below: 8 }], true],
    ['a missing number holds no limit', [{ field: 'nothing', below: 8 }], false],
    ['text is no number', [{ field: 'name', above: 0 }], false],
    ['equals', [{ field: 'flag', equals: false }], true],
    ['equals compares structures', [{ field: 'deep.list', equals: [{ size: 7 }] }], true],
    ['present', [{ field: 'none', present: true }], false],
    ['absent', [{ field: 'none', present: false }], true],
    [
      'all must hold',
      [
        { field: 'count', above: 2 },
        { field: 'count', below: 3 },
      ],
      false,
    ],
    ['prototype fields are not fields', [{ field: 'constructor', present: true }], false],
  ]
  for (const [name, conditions, expected] of cases) {
    it(name, () => assert.equal(evaluateConditions(conditions, row), expected))
  }
})

describe('renderTemplate', () => {
  it('fills paths, rounds numbers, marks what is absent', () => {
    const text = renderTemplate(
      '{a.b} of {n}, {none}, {snapshot.x} {not a path}',
      { a: { b: 'x' }, n: 1.23456 },
      { snapshot: { x: [1] } },
    )
    assert.equal(text, 'x of 1.23, ?, [1] {not a path}')
  })

  it('never renders a value again', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const cut = value.length > 400 ? `${value.slice(0, 400)}…` : value
        assert.equal(renderTemplate('<{a}>', { a: value, b: 'secret' }), `<${cut}>`)
      }),
    )
  })
})

describe('capValue', () => {
  it('gives JSON of any value, or says that it is too large', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
        }),
        (value) => {
          const capped = capValue(value)
          const text = JSON.stringify(capped)
          assert.equal(JSON.stringify(JSON.parse(text)), text)
        },
      ),
    )
  })

  it('copies JSON unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        assert.equal(JSON.stringify(capValue(value)), JSON.stringify(value))
      }),
    )
  })

  it('stops at the limits', () => {
    assert.throws(() => capValue(Array(30_000).fill(1)), TooLarge)
    assert.throws(() => capValue(Array(100).fill('x'.repeat(10_000))), TooLarge)
    const deep: unknown[] = []
    let inner = deep
    for (let index = 0; index < 100; index += 1) {
      const next: unknown[] = []
      inner.push(next)
      inner = next
    }
    assert.match(JSON.stringify(capValue(deep)), /\[deeper\]/)
    assert.equal(
      JSON.stringify(capValue('x'.repeat(DEFAULT_CAP.maxStringCharacters + 1))).length - 2,
      DEFAULT_CAP.maxStringCharacters + 1,
    )
  })
})

describe('defineSkill', () => {
  const good = {
    id: 'jobs',
    title: 'Jobs',
    description: 'd',
    systemPrompt: 'p',
    snapshot: () => ({}),
  }
  const define = (change: object): unknown => defineSkill({ ...good, ...change } as typeof good)

  it('describes the skill as plain data, inputs as JSON Schema', () => {
    const skill = defineSkill({
      ...good,
      callbacks: {
        jobs_list: {
          doc: 'Lists.',
          input: v.object({ limit: v.number() }),
          run: ({ limit }) => limit.toFixed(),
        },
      },
      watch: [{ metric: 'depth', above: 3, severity: 'warning', observation: '{value}' }],
    })
    const description = structuredClone(descriptionOf(skill))
    assert.equal(description.custom, true)
    assert.deepEqual(description.callbacks[0]?.inputSchema, {
      type: 'object',
      properties: { limit: { type: 'number' } },
      required: ['limit'],
    })
    assert.equal(description.watch[0]?.metric, 'depth')
  })

  const mistakes: readonly (readonly [string, object, RegExp])[] = [
    ['a bad id', { id: 'Jobs!' }, /id: expected \/\^\[a-z\]/],
    ['a missing snapshot', { snapshot: undefined }, /snapshot: expected a function/],
    [
      'an unknown field names the nearest',
      { callback: {} },
      /callback: unknown field; did you mean 'callbacks'/,
    ],
    [
      'a callback without the prefix',
      { callbacks: { list: { doc: 'd', run: () => 1 } } },
      /'list' must be lower case and start with 'jobs_'/,
    ],
    [
      'a callback without a function',
      { callbacks: { jobs_a: { doc: 'd' } } },
      /callbacks\.jobs_a\.run/,
    ],
    [
      'an input that is no object schema',
      { callbacks: { jobs_a: { doc: 'd', input: v.string(), run: () => 1 } } },
      /valibot object schema/,
    ],
    [
      'a watch rule without a limit',
      { watch: [{ metric: 'm', severity: 'info', observation: 'o' }] },
      /watch\.0: expected above or below/,
    ],
    [
      'a wrong severity',
      { watch: [{ metric: 'm', above: 1, severity: 'bad', observation: 'o' }] },
      /watch\.0\.severity/,
    ],
  ]
  for (const [name, change, message] of mistakes) {
    it(name, () =>
      assert.throws(
        () => define(change),
        (error) => error instanceof TypeError && message.test(error.message),
      ),
    )
  }
})

describe('reading sources', () => {
  const source = [
    'const a = /[}\'"`]/g, b = 4 / 2 / 1 // }',
    'function outer() {',
    '  const s = `${{ a: 1 }.a} }`',
    '  return [1].map((x) => x)',
    '}',
    'class Box {',
    '  add(key, { deep }) {',
    '    if (key) { this.m.set(key, 1) }',
    '  }',
    '}',
    'const derive = (p) => p * 2',
    'module.exports.put = async function (k) { return k }',
  ].join('\n')

  it('masks literals and keeps every position', () => {
    const masked = maskSource(source)
    assert.equal(masked.length, source.length)
    assert.equal(masked.split('\n').length, source.split('\n').length)
    assert.doesNotMatch(masked, /['"`]/)
  })

  it('never loses a position, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) =>
        assert.equal(maskSource(text).length, text.length),
      ),
    )
  })

  const places: readonly (readonly [number, string | undefined])[] = [
    [1, undefined],
    [4, 'outer'],
    [8, 'Box.add'],
    [11, 'derive'],
    [12, 'put'],
  ]
  for (const [line, expected] of places) {
    it(`line ${line} is in ${expected}`, () => {
      const position = positionOf(source, line, 24)
      assert.equal(enclosingFunction(listFunctions(source), position)?.name, expected)
    })
  }
})

describe('parseStackText', () => {
  it('reads frames of every kind', () => {
    const stack = [
      'Error: at the (gate:1:2)',
      '    at Object.handler (/app/src/a.js:10:5)',
      '    at async Pool.query (file:///app/node_modules/pg/b.js:3:1)',
      '    at /app/c.js:7:9',
      '    at new Promise (<anonymous>)',
      '    at processTicksAndRejections (node:internal/process/task_queues:95:5)',
    ].join('\n')
    const frames = parseStackText(stack, [])
    assert.deepEqual(
      frames.map((frame) => [frame.function, frame.file, frame.line, frame.origin]),
      [
        ['handler', '/app/src/a.js', 10, 'app'],
        ['Pool.query', '/app/node_modules/pg/b.js', 3, 'package'],
        ['(anonymous)', '/app/c.js', 7, 'app'],
        ['processTicksAndRejections', 'node:internal/process/task_queues', 95, 'node'],
      ],
    )
  })
})

describe('growth of memory', () => {
  const MB = 1_048_576
  const points = (...megabytes: number[]): { at: number; bytes: number }[] =>
    megabytes.map((bytes, index) => ({ at: index * 1000, bytes: bytes * MB }))

  const floors: readonly (readonly [string, number[], boolean])[] = [
    ['a rising floor', [30, 40, 55, 80], true],
    ['too few floors', [30, 90], false],
    ['a floor that fell', [30, 40, 20, 30, 41], false],
    ['a plateau', [30, 60, 90, 91, 91], false],
    ['a warm start is no growth', [100, 103, 106, 109], false],
    ['two rises that double it', [20, 40, 60], true],
    ['two small rises', [20, 25, 31], false],
  ]
  for (const [name, values, expected] of floors) {
    it(name, () => assert.equal(floorGrowth(points(...values)) !== undefined, expected))
  }

  it('outside memory that grows steadily', () => {
    assert.ok(outsideGrowth(points(8, 15, 22, 30, 37, 45, 52, 60, 68)) !== undefined)
    assert.equal(outsideGrowth(points(8, 80, 8, 80, 8, 80, 8, 80, 8)), undefined)
    assert.equal(outsideGrowth(points(80, 80, 80, 80, 80, 80, 80, 80, 80)), undefined)
  })
})

describe('hotLines', () => {
  it('ranks lines of the application by ticks, as shares of all', () => {
    const node = (url: string, name: string, hitCount: number, ticks: object[]): object => ({
      callFrame: { url, functionName: name, lineNumber: 0 },
      hitCount,
      positionTicks: ticks,
    })
    const profile = {
      nodes: [
        node('file:///app/a.js', 'slow', 60, [{ line: 7, ticks: 60 }]),
        node('/app/b.js', '', 30, [{ line: 2, ticks: 30 }]),
        node('node:internal/timers', 'listOnTimeout', 10, [{ line: 1, ticks: 10 }]),
      ],
    }
    assert.deepEqual(hotLines({ profile }, []), [
      { function: 'slow', file: '/app/a.js', line: 7, sharePct: 60 },
      { function: '(anonymous)', file: '/app/b.js', line: 2, sharePct: 30 },
    ])
    assert.deepEqual(hotLines(null, []), [])
  })
})

describe('analyseStall', () => {
  type Site = readonly [name: string, file: string, line: number]
  const look = (...sites: readonly Site[]): TimedSample => ({
    weightMs: 20,
    sample: {
      ticks: [0, 0],
      frames: sites.map(([name, file, line]) => ({
        function: name,
        file,
        line,
        column: 1,
        origin: originOf(file, []),
      })),
    },
  })
  const analyse = (
    samples: readonly TimedSample[],
    more: Partial<StallEvidence> = {},
  ): ReturnType<typeof analyseStall> =>
    analyseStall(
      {
        id: 's',
        startedAt: 0,
        durationMs: samples.length * 20,
        ongoing: false,
        samples,
        waitMs: 0,
        frozenMs: 0,
        gcMs: 0,
        ...more,
      },
      new SourceFiles(),
    )
  const times = (count: number, sample: TimedSample): TimedSample[] =>
    Array.from({ length: count }, () => sample)
  const handler: Site = ['handler', '/app/server.js', 3]

  it('names the innermost function of the application that has most of the time', () => {
    const culprit = analyse(
      times(10, look(['inner', '/app/a.js', 9], ['outer', '/app/a.js', 20], handler)),
    )
    assert.equal(culprit.location?.function, 'inner')
    assert.equal(culprit.confidence, 'high')
  })

  it('names the loop, not one of its helpers', () => {
    const samples = [1, 2, 3, 4].flatMap((index) =>
      times(3, look([`helper${index}`, '/app/a.js', index], ['loop', '/app/a.js', 30], handler)),
    )
    assert.equal(analyse(samples).location?.function, 'loop')
  })

  it('names the caller, and the package in which the time goes', () => {
    const file = '/app/node_modules/moment/moment.js'
    const culprit = analyse(
      times(
        10,
        look(['preprocess', file, 5], ['moment', file, 9], ['parseRange', '/app/range.js', 5]),
      ),
    )
    assert.deepEqual(culprit.location, {
      file: '/app/range.js',
      line: 5,
      function: 'parseRange',
      package: 'moment@?',
    })
    assert.equal(culprit.packageFunction, 'preprocess')
  })

  it('blames no code when the process got no CPU', () => {
    assert.equal(analyse(times(10, look(handler)), { waitMs: 180 }).kind, 'starved')
    const crowded = { durationMs: 10_000, waitMs: 8500 }
    assert.equal(
      analyse(times(10, look(handler)), crowded).kind,
      'cpu',
      'a long loop is one on a crowded machine too',
    )
  })

  it('suspects an endless loop only while it goes on', () => {
    const samples = times(10, look(handler))
    assert.equal(analyse(samples, { ongoing: true, durationMs: 4000 }).kind, 'infinite-loop?')
    assert.equal(analyse(samples, { ongoing: false, durationMs: 4000 }).kind, 'cpu')
    assert.equal(analyse(samples, { ongoing: true, durationMs: 1000 }).kind, 'cpu')
  })

  it('says little of nothing', () => {
    assert.equal(analyse([], { durationMs: 900 }).kind, 'unknown')
  })

  it('sees microtasks by their progress', () => {
    const ticking = [0, 1, 2, 3, 4, 5].map(
      (count): TimedSample => ({ weightMs: 20, sample: { frames: [], ticks: [count, 0] } }),
    )
    assert.equal(areMicrotasks(ticking), true)
    assert.equal(areMicrotasks(times(6, look(handler))), false)
    assert.equal(areMicrotasks(ticking.slice(0, 3)), false)
  })

  it('sees next ticks by their ids, where no task could be queued', () => {
    const queues = 'node:internal/process/task_queues'
    const inTick = (asyncId: number): TimedSample => {
      const { sample } = look(['again', '/app/a.js', 1], ['processTicksAndRejections', queues, 77])
      return { weightMs: 20, sample: { ...sample, isArmed: false, asyncId } }
    }
    assert.equal(areMicrotasks([7, 8, 0, 12, 31, 44, 0, 80].map(inTick)), true)
    assert.equal(areMicrotasks([7, 7, 7, 7, 7, 7, 7].map(inTick)), false)
    assert.equal(areMicrotasks([0, 0, 0, 0, 0, 0, 0].map(inTick)), false)
  })
})
