import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { TreeEvent, TreeNode, TreeSource } from '../../runtime/index.ts'
import { exceptionRow, type GroupRates } from '../../skills/exception/rows.ts'
import type { SkillContext } from '../../skills/gateway/outside-part.ts'
import type { Symptom } from '../../skills/gateway/signal.ts'
import { textOf } from '../../skills/json.ts'
import { levelOfName, levelOfText, messageIn } from '../../skills/logger/level.ts'
import { keepsGrowing } from '../../skills/logger/listeners.ts'
import { logRow } from '../../skills/logger/rows.ts'
import { textOfArguments } from '../../skills/logger/taps.ts'
import { summarizeCpu } from '../../skills/profiler/cpu-profile.ts'
import { growthBetween, summarizeAllocations } from '../../skills/profiler/heap-sample.ts'
import type { PatternText } from '../../skills/rates/pattern-book.ts'
import type { Rise } from '../../skills/rates/rise.ts'
import { SourceFiles } from '../../skills/source/source-files.ts'
import { placeOf } from '../../skills/source/stack-place.ts'
import { SupervisorHalf } from '../../skills/supervisor/skill.ts'
import { entriesOf, TreeHistory } from '../../skills/supervisor/tree-history.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-errors-'))
after(() => rmSync(folder, { recursive: true }))

function write(path: string, text: string): string {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

const express = (version: string, home: string): string =>
  write(`${home}/node_modules/express/package.json`, JSON.stringify({ name: 'express', version }))
express('4.18.2', 'four')
express('5.1.0', 'five')
const ROUTES = `\n\napp.get('/o/:id', async (req, res) => { res.json(await load(req)) })\n`
const four = write('four/app.js', ROUTES)
const five = write('five/app.js', ROUTES)
const parts = { files: new SourceFiles(), ownFolders: ['/lens/skills/'], root: folder }
const risenFacts = {
  type: 'risen',
  perSecond: 20,
  beforePerSecond: 0,
  events: 120,
  since: 4000,
  learnedMs: 8000,
} as const
const risen: Rise = risenFacts
const rates: GroupRates = { rise: risen, count1m: 120, count5m: 120, lateShare: 0, now: 10_000 }

function pattern(
  kind: string,
  stack: string,
  text = "Cannot read properties of undefined (reading 'name')",
): PatternText {
  const samples = [{ at: 1, text, errorStack: `TypeError: x\n${stack}`, detail: {} }]
  return { id: 1, kind, source: 'TypeError', firstAt: 1, lastAt: 2, count: 120, samples }
}

describe('placeOf', () => {
  it('reads async frames without a name', () => {
    const { location, outermost } = placeOf(
      `E: x\n    at async load (${four}:3:1)\n    at async ${four}:3:20`,
      parts.files,
      [],
    )
    assert.deepEqual(location, { file: four, line: 3, function: 'load' })
    assert.deepEqual(outermost, { file: four, line: 3, function: '(anonymous)' })
  })

  it('names the caller, and the package above it', () => {
    const { location } = placeOf(
      `E\n    at get (${folder}/four/node_modules/express/lib/a.js:1:1)\n    at start (${four}:2:1)`,
      parts.files,
      [],
    )
    assert.deepEqual(location, {
      file: four,
      line: 2,
      function: 'start',
      package: 'express@4.18.2',
    })
  })

  it('leaves nodelens out', () => {
    assert.equal(
      placeOf('E\n    at tap (/lens/skills/logger/taps.js:1:1)', parts.files, parts.ownFolders)
        .location,
      undefined,
    )
  })
})

describe('exceptionRow', () => {
  const stack = (file: string): string => `    at nameOf (${file}:1:1)\n    at async ${file}:3:40`

  it('says that express 4 lets the request hang', () => {
    const row = exceptionRow(pattern('unhandled_rejection', stack(four)), rates, parts)
    assert.equal(row['severity'], 'critical')
    assert.match(
      textOf(row['explanation']),
      /express@4\.18\.2 does not await its handlers, so the request never gets a response/,
    )
    assert.match(textOf(row['remedy']), /next\(err\)/)
    assert.match(textOf(row['remedy']), /check for undefined/)
    assert.deepEqual(row['location'], { file: four, line: 1, function: 'nameOf' })
  })

  it('does not say so of express 5, nor of a function that is no route', () => {
    const row = exceptionRow(pattern('unhandled_rejection', stack(five)), rates, parts)
    assert.doesNotMatch(textOf(row['explanation']), /express/)
    const elsewhere = exceptionRow(
      pattern('unhandled_rejection', `    at nameOf (${four}:1:1)`),
      rates,
      parts,
    )
    assert.doesNotMatch(textOf(elsewhere['explanation']), /express/)
  })

  const severities: readonly (readonly [string, string, Partial<GroupRates>, string])[] = [
    [
      'a steady trickle',
      'unhandled_rejection',
      { rise: { type: 'normal', perSecond: 0.1 } },
      'warning',
    ],
    ['a single one', 'unhandled_rejection', { rise: { type: 'learning' }, count5m: 1 }, 'info'],
    ['handled a little later', 'unhandled_rejection', { lateShare: 1 }, 'info'],
    ['slowly rising', 'uncaught', { rise: { ...risenFacts, perSecond: 1 } }, 'warning'],
    ['reported as ever', 'reported', { rise: { type: 'normal', perSecond: 50 } }, 'info'],
    ['reported far more often', 'reported', {}, 'warning'],
  ]
  for (const [name, kind, change, expected] of severities)
    it(`${name}: ${expected}`, () => {
      const row = exceptionRow(pattern(kind, stack(four)), { ...rates, ...change }, parts)
      assert.equal(row['severity'], expected)
      assert.equal(row['reportable'], expected !== 'info')
    })

  it('says what lies outside of the code, and leaves the last word to who knows it', () => {
    const group = pattern('unhandled_rejection', stack(four), 'connect ECONNREFUSED 127.0.0.1:5432')
    const row = exceptionRow(group, rates, parts)
    assert.equal(row['severity'], 'warning')
    assert.match(textOf(row['explanation']), /ECONNREFUSED means that what it connects to refuses/)
  })

  it('stays honest without a stack', () => {
    const group: PatternText = {
      ...pattern('unhandled_rejection', ''),
      source: '(string)',
      samples: [{ at: 1, text: 'nope', detail: {} }],
    }
    const row = exceptionRow(group, rates, parts)
    assert.equal(row['location'], null)
    assert.equal(row['confidence'], 'low')
    assert.match(textOf(row['observation']), /\(string\): nope$/)
  })
})

describe('logRow', () => {
  const line = (text: string, errorStack?: string, callStack?: string): PatternText => ({
    ...pattern('error', ''),
    source: 'stderr',
    samples: [
      {
        at: 1,
        text,
        detail: {},
        ...(errorStack && { errorStack }),
        ...(callStack && { callStack }),
      },
    ],
  })

  it('takes the place from the error, else from the text, else from the call', () => {
    const thrown = `E\n    at parse (${four}:3:1)`
    const called = `E\n    at write (${folder}/four/lib/log.js:1:1)\n    at save (${four}:2:1)`
    const json = JSON.stringify({ level: 'error', message: 'bad', stack: thrown })
    const places = [
      line('bad', thrown, called),
      line(json, undefined, called),
      line('bad', undefined, called),
    ].map((entry) => {
      const row = logRow(entry, rates, parts)
      return [row['locationIs'], (row['location'] as { function: string }).function]
    })
    assert.deepEqual(places, [
      ['thrown', 'parse'],
      ['thrown', 'parse'],
      ['logged', 'save'],
    ])
  })

  it('leaves what repeats an unhandled rejection to the exception skill', () => {
    const row = logRow(
      line(
        'unhandled',
        undefined,
        `E\n    at onRejection (${four}:1:1)\n    at emitUnhandledRejection (node:internal/process/promises:250:13)`,
      ),
      rates,
      parts,
    )
    assert.equal(row['reportable'], false)
    assert.equal(row['echoes'], 'unhandled rejection')
  })

  it('unquotes the message of a line of JSON', () => {
    assert.equal(
      logRow(line('{"level":"error","message":"code \\"EURO\\"\\nmore"}'), rates, parts)['text'],
      'code "EURO"',
    )
  })
})

describe('the level of a line', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"level":50,"msg":"x"}', 'error'],
    ['{"level":30,"msg":"an error"}', 'info'],
    ['{"time":1,"level":"warning"}', 'warn'],
    ['{"severity":"CRITICAL"}', 'error'],
    ['[error] no route', 'error'],
    ['TypeError: x is not a function\n    at y', 'error'],
    ['ts=1 level=error msg=x', 'error'],
    ['WARN slow', 'warn'],
    ['GET /errors/17 200 3 ms', 'info'],
    ['0 errors, 3 warnings found', 'info'],
    ['', 'info'],
  ]
  for (const [text, expected] of cases)
    it(JSON.stringify(text), () => assert.equal(levelOfText(text), expected))
  it('knows names of loggers', () =>
    assert.deepEqual(['emerg', 'silly', 'Warning', 'notice'].map(levelOfName), [
      'error',
      'debug',
      'warn',
      'info',
    ]))
  it('finds the message in JSON', () =>
    assert.equal(messageIn('{"level":30,"msg":"a \\"b\\"","x":1}'), 'a \\"b\\"'))
})

describe('textOfArguments', () => {
  it('runs nothing of the application', () => {
    const trap = { toString: () => assert.fail('toString'), toJSON: () => assert.fail('toJSON') }
    assert.equal(
      textOfArguments(['a %s', 1, trap, new RangeError('r')]),
      'a %s 1 {…} RangeError: r',
    )
  })
})

describe('keepsGrowing', () => {
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ['too few', [11, 12, 13, 14, 15], false],
    ['grows', [11, 30, 50, 70], true],
    ['went up and stays', [11, 30, 50, 50], false],
    ['comes and goes', [40, 50, 45, 60], false],
    ['only three readings', [30, 50, 70], false],
  ]
  for (const [name, counts, expected] of cases)
    it(name, () =>
      assert.equal(keepsGrowing(counts.map((count, at) => ({ at: at * 2000, count }))), expected),
    )
})

describe('summarizeCpu', () => {
  const frame = (functionName: string, url: string, lineNumber: number): object => ({
    functionName,
    url,
    lineNumber,
    columnNumber: 4,
  })
  const nodes = [
    { id: 1, callFrame: frame('(root)', '', -1), hitCount: 0, children: [2, 3, 7] },
    { id: 2, callFrame: frame('(idle)', '', -1), hitCount: 40 },
    {
      id: 3,
      callFrame: frame('handle', '/app/a.js', 9),
      hitCount: 10,
      children: [4, 5],
      positionTicks: [
        { line: 12, ticks: 8 },
        { line: 14, ticks: 2 },
      ],
    },
    {
      id: 4,
      callFrame: frame('parse', '/app/node_modules/p/i.js', 0),
      hitCount: 20,
      children: [6],
    },
    {
      id: 5,
      callFrame: frame('helper', '/app/b.js', 1),
      hitCount: 15,
      positionTicks: [{ line: 3, ticks: 15 }],
    },
    { id: 6, callFrame: frame('replace', '', -1), hitCount: 5 },
    { id: 7, callFrame: frame('(garbage collector)', '', -1), hitCount: 10 },
  ]
  const summary = summarizeCpu({ profile: { nodes } }, [])

  it('charges packages and natives to the function of the application that called them', () => {
    const rows = summary.functions.map(({ name, selfTicks, ownTicks, totalTicks, hottestLine }) => [
      name,
      selfTicks,
      ownTicks,
      totalTicks,
      hottestLine,
    ])
    assert.deepEqual(rows, [
      ['handle', 10, 35, 50, 12],
      ['helper', 15, 15, 15, 3],
    ])
    assert.equal(summary.functions[0]?.inPackage?.name, 'parse')
  })

  it('tells idle time and collections apart', () => {
    const { totalTicks, idleTicks, gcTicks } = summary
    assert.deepEqual([totalTicks, idleTicks, gcTicks], [100, 40, 10])
  })

  it('counts a recursion once', () => {
    const recursive = [
      { id: 1, callFrame: frame('walk', '/app/a.js', 1), hitCount: 1, children: [2] },
      { id: 2, callFrame: frame('walk', '/app/a.js', 1), hitCount: 2, children: [3] },
      { id: 3, callFrame: frame('walk', '/app/a.js', 1), hitCount: 3 },
    ]
    assert.deepEqual(
      summarizeCpu({ profile: { nodes: recursive } }, []).functions.map(
        ({ selfTicks, totalTicks }) => [selfTicks, totalTicks],
      ),
      [[6, 6]],
    )
  })

  it('makes nothing of rubbish', () =>
    assert.deepEqual(summarizeCpu({ profile: { nodes: [1, null, {}] } }, []).functions, []))
})

describe('allocations', () => {
  const tree = (bytes: number): object => ({
    profile: {
      head: {
        callFrame: { functionName: '(root)', url: '', lineNumber: -1, columnNumber: -1 },
        selfSize: 0,
        children: [
          {
            callFrame: {
              functionName: 'fill',
              url: 'file:///app/a.js',
              lineNumber: 4,
              columnNumber: 0,
            },
            selfSize: bytes,
            children: [
              {
                callFrame: { functionName: 'push', url: '', lineNumber: -1, columnNumber: -1 },
                selfSize: 10,
              },
              {
                callFrame: {
                  functionName: 'clone',
                  url: '/app/node_modules/c/i.js',
                  lineNumber: 0,
                  columnNumber: 0,
                },
                selfSize: 30,
              },
            ],
          },
        ],
      },
    },
  })

  it('are charged to the function of the application', () => {
    const [first, ...rest] = summarizeAllocations(tree(100), [])
    assert.deepEqual(
      [first?.name, first?.line, first?.bytes, first?.packageFile, rest.length],
      ['fill', 5, 140, '/app/node_modules/c/i.js', 0],
    )
  })

  it('are compared: what did not grow is left out', () => {
    const [before, later] = [
      summarizeAllocations(tree(100), []),
      summarizeAllocations(tree(900), []),
    ]
    assert.deepEqual(
      growthBetween(before, later).map(({ bytes }) => bytes),
      [800],
    )
    assert.deepEqual(growthBetween(later, later), [])
  })
})

function node(id: string, change: Partial<TreeNode> = {}): TreeNode {
  return {
    pid: `<1.${id}>` as TreeNode['pid'],
    id,
    kind: 'worker',
    thread: { ordinal: 1, name: 'root' },
    status: 'waiting',
    mailbox: 0,
    handled: 0,
    restarts: 0,
    startedAt: 0,
    links: [],
    children: [],
    ...change,
  }
}
const tree = (restarts: number, name = 'shop'): TreeNode[] => [
  node(name, { kind: 'supervisor', children: [node('cart', { restarts }), node('mail')] }),
]
const died: Extract<TreeEvent, { type: 'child-restarted' }> = {
  type: 'child-restarted',
  at: 0,
  supervisor: tree(0)[0]!.pid,
  id: 'cart',
  oldPid: tree(0)[0]!.pid,
  newPid: tree(0)[0]!.pid,
  restarts: 0,
  reason: {
    type: 'error',
    error: {
      name: 'TypeError',
      message: 'no price',
      stack: `TypeError: no price\n    at priceOf (${four}:3:1)`,
    },
  },
}

describe('TreeHistory', () => {
  it('counts restarts from look to look, and none before the first', () => {
    const history = new TreeHistory()
    assert.equal(history.take(tree(7), 1000), false)
    assert.equal(history.take(tree(9), 6000), true)
    assert.deepEqual(history.children().find(({ path }) => path === 'shop/cart')?.restarts, [
      { at: 6000, count: 2 },
    ])
  })

  it('does not count an event again at the next look', () => {
    const history = new TreeHistory()
    history.take(tree(0), 0)
    history.hear({ ...died, at: 100, restarts: 1 })
    assert.equal(history.take(tree(1), 5000), false)
    const cart = history.children().find(({ path }) => path === 'shop/cart')
    assert.deepEqual([cart?.restarts.length, cart?.restartsTotal], [1, 1])
  })

  it('knows who is gone, and since when', () => {
    const history = new TreeHistory()
    history.take(tree(0), 0)
    history.take([node('shop', { kind: 'supervisor', children: [node('mail')] })], 5000)
    assert.deepEqual(
      history
        .children()
        .flatMap(({ path, missingSince }) =>
          missingSince === undefined ? [] : [[path, missingSince]],
        ),
      [['shop/cart', 5000]],
    )
  })

  it('stays bounded', () => {
    const history = new TreeHistory()
    for (let at = 0; at < 1500; at += 1)
      history.take([node('shop', { children: [node(`job-${at}`)] })], at * 1000)
    assert.ok(history.children().length <= 700, String(history.children().length))
  })

  it('tells nodelens from the application', () => {
    assert.deepEqual(
      entriesOf(tree(0, 'nodelens')).map(({ isOwn }) => isOwn),
      [true, true, true],
    )
    assert.deepEqual(
      entriesOf(tree(0)).map(({ isOwn }) => isOwn),
      [false, false, false],
    )
  })
})

describe('the supervisor skill', () => {
  /** A tree whose child dies at each look. */
  async function run(name: string): Promise<{ symptoms: Symptom[]; half: SupervisorHalf }> {
    const symptoms: Symptom[] = []
    const listeners = new Set<(event: TreeEvent) => void>()
    let restarts = 0
    const source: TreeSource = {
      snapshot: async () => tree(restarts, name),
      subscribe: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }
    const context = {
      ...parts,
      raise: (symptom: Symptom) => symptoms.push(symptom),
    } as unknown as SkillContext
    const half = new SupervisorHalf(context, () => source)
    await half.skill.snapshot({ timeoutMs: 100 })
    for (let death = 0; death < 6; death += 1) {
      restarts += 1
      for (const listener of listeners)
        listener({
          ...died,
          supervisor: tree(0, name)[0]!.pid,
          at: performance.timeOrigin + performance.now(),
          restarts,
        })
      await half.skill.snapshot({ timeoutMs: 100 })
    }
    half.stop()
    assert.equal(listeners.size, 0)
    return { symptoms, half }
  }

  it('raises a crash loop once, with why and where', async () => {
    const { symptoms, half } = await run('shop')
    assert.equal(symptoms.length, 1)
    assert.match(
      String(symptoms[0]?.reason),
      /Child shop\/cart was restarted 3 times .* error: TypeError: no price, thrown in priceOf\(\) at four\/app\.js:3/,
    )
    const [row] = (await half.skill.callbacks['supervisor_restarts']!.run(
      {},
      { timeoutMs: 100 },
    )) as unknown as { reportable: boolean; location: object }[]
    assert.equal(row?.reportable, true)
    assert.deepEqual(row?.location, { file: four, line: 3, function: 'priceOf' })
  })

  it('does not blame the application for an actor of nodelens', async () => {
    const { symptoms, half } = await run('nodelens')
    assert.deepEqual(symptoms, [])
    const [row] = (await half.skill.callbacks['supervisor_restarts']!.run(
      {},
      { timeoutMs: 100 },
    )) as unknown as { reportable: boolean }[]
    assert.equal(row?.reportable, false)
  })

  it('says that there is no tree in a thread that is no root', async () => {
    const half = new SupervisorHalf({ ...parts } as unknown as SkillContext, () => undefined)
    const { data } = await half.skill.snapshot({ timeoutMs: 100 })
    assert.equal((data as { isAvailable: boolean }).isAvailable, false)
  })
})
