import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { SkillContext } from '../../skills/gateway/outside-part.ts'
import { stuckRows, upstreamRows } from '../../skills/http/rows.ts'
import { innermostWait, stuckPlaces } from '../../skills/http/stuck.ts'
import { stuckWords, waitsFor } from '../../skills/http/stuck-words.ts'
import type { HttpWatch } from '../../skills/http/watch.ts'
import { SourceFiles } from '../../skills/source/source-files.ts'
import { holdPool } from '../support/hold-pool.ts'

const folder = mkdtempSync(join(tmpdir(), 'stuck-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const shelf = join(folder, 'shelf.js')
writeFileSync(
  shelf,
  `async function reserve(count) {
  const release = await booking.acquire()
  if (count > left) throw new Error('too many')
  await journal(count)
  release()
}
async function answerOf(id) {
  return await replies.get(id)
}
`,
)
const sources = { files: new SourceFiles(), ownFolders: [] }

const handler = `    at handler (${folder}/app.js:9:3)`
const inReserve = `    at reserve (${shelf}:2:25)\n    at async handler (${folder}/app.js:9:3)`
const inMutex = `    at __awaiter (${folder}/node_modules/tslib/tslib.js:1:1)
    at Mutex.acquire (${folder}/node_modules/async-mutex/lib/Mutex.js:12:4)\n${inReserve}`
const inAnswer = `    at answerOf (${shelf}:8:16)\n${handler}`

const waiting = (stacks: readonly string[], count: number, ageMs = 900) => ({
  seen: 20,
  stuck: Array.from({ length: count }, () => ({
    key: 'POST /reserve',
    ageMs,
    stacks: [...stacks],
  })),
})

describe('the innermost wait', () => {
  it('is the one with the most frames of the application, whenever it was made', () => {
    assert.equal(innermostWait([inReserve, handler], sources)?.stack, inReserve)
  })

  it('knows what was asked for at the same place', () => {
    assert.equal(innermostWait([handler, inMutex, inReserve], sources)?.asked, inMutex)
  })

  it('is the last of those that are as deep', () => {
    assert.equal(innermostWait([inAnswer, inReserve], sources)?.stack, inReserve)
  })

  it('is nothing without a frame of the application', () => {
    assert.equal(innermostWait(['    at run (/x/node_modules/p/i.js:1:1)'], sources), undefined)
  })
})

describe('places where requests are stuck', () => {
  it('have function, line, package, what is awaited and the way out that keeps the lock', () => {
    const [place] = stuckPlaces(waiting([handler, inMutex, inReserve], 6), sources)
    assert.equal(place?.location.function, 'reserve')
    assert.equal(place?.location.line, 2)
    assert.equal(place?.awaited, 'booking.acquire()')
    assert.match(place?.package ?? '', /^async-mutex@/)
    assert.deepEqual(place?.exits, [
      { line: 3, text: "if (count > left) throw new Error('too many')" },
    ])
  })

  it('look through a lock that the application wrote itself', () => {
    const own = `    at Turns.acquire (${folder}/turns.js:4:5)\n${inReserve}`
    const [place] = stuckPlaces(waiting([handler, own], 6), sources)
    assert.equal(place?.location.function, 'reserve')
    assert.equal(place?.isLock, true)
  })

  it('are none when a request alone waits, or not for long', () => {
    assert.deepEqual(stuckPlaces(waiting([inReserve], 1), sources), [])
    assert.deepEqual(stuckPlaces(waiting([inReserve], 6, 100), sources), [])
  })

  it('are none in what is no answer of the window', () => {
    assert.deepEqual(stuckPlaces(null, sources), [])
    assert.deepEqual(stuckPlaces({ stuck: [{ ageMs: 900, stacks: 'x' }] }, sources), [])
  })
})

describe('what requests wait for', () => {
  const placeOf = (stacks: readonly string[]) => {
    const [place] = stuckPlaces(waiting(stacks, 6), sources)
    assert.ok(place)
    return place
  }

  it('is a lock where the call or the package says so, and the words say who keeps it', () => {
    const place = placeOf([inMutex])
    assert.equal(waitsFor(place), 'lock')
    const { explanation, remedy } = stuckWords(place, 'reserve (src/shelf.js:2)')
    assert.match(explanation, /never released.*reserve can leave without giving it back in line 3/)
    assert.match(remedy, /finally/)
  })

  it('is a promise that never settles otherwise', () => {
    const place = placeOf([inAnswer])
    assert.equal(waitsFor(place), 'promise')
    assert.match(stuckWords(place, 'answerOf (src/shelf.js:8)').explanation, /never settles/)
  })

  for (const [name, kind] of [
    ['pg-pool', 'database'],
    ['undici', 'upstream'],
    ['axios', 'upstream'],
    ['generic-pool', 'lock'],
  ] as const) {
    it(`is ${kind} with ${name} on top`, () => {
      const top = `    at f (${folder}/node_modules/${name}/i.js:1:1)\n${inAnswer}`
      assert.equal(waitsFor(placeOf([top])), kind)
    })
  }
})

describe('requests that hang', () => {
  /** How many places are told when this happens as the window opens. */
  async function told(onBegin: () => void): Promise<number> {
    const invoke = async (name: string) => {
      if (name === 'http.beginStuck') onBegin()
      return { value: name === 'http.endStuck' ? waiting([handler, inReserve], 6) : null }
    }
    const finding = { direction: 'inbound', trouble: 'hanging' }
    // its own timers hold no process open
    const alive = setInterval(() => {}, 1000)
    const rows = await stuckRows({
      context: { ...sources, root: folder, access: { invoke } } as unknown as SkillContext,
      watch: { findings: () => [finding] } as unknown as HttpWatch,
      explained: new Map(),
      callers: new Map(),
    }).finally(() => clearInterval(alive))
    return rows.length
  }

  it('are told with the place where they wait', async () => assert.equal(await told(() => {}), 1))

  it('are not told while the thread pool makes everything wait, also if it begins to while they are followed', async () => {
    let release = (): void => {}
    try {
      const count = await told(() => {
        release = holdPool()
      })
      assert.equal(count, 0)
    } finally {
      release()
    }
  })
})

describe('upstreams', () => {
  it('have the caller that was seen, also when a later window sees nobody send', async () => {
    const windows = [[{ host: 'rates:80', count: 3, stack: inReserve }], []]
    const invoke = async (name: string) => ({
      value: name === 'http.endCallers' ? windows.shift() : [],
    })
    const latencies = { p50Ms: 4000, p90Ms: 4000, p99Ms: 4000, count: 9, perSecond: 3 }
    const finding = {
      direction: 'outbound',
      trouble: 'hanging',
      key: 'rates:80',
      now: latencies,
      before: latencies,
      open: 9,
      oldestMs: 4000,
    }
    const parts = {
      context: { ...sources, root: folder, access: { invoke } } as unknown as SkillContext,
      watch: { findings: () => [finding], retriesOf: () => undefined } as unknown as HttpWatch,
      explained: new Map(),
      callers: new Map(),
    }
    const alive = setInterval(() => {}, 1000)
    try {
      const places = [await upstreamRows(parts), await upstreamRows(parts)].map(
        ([row]) => row?.['where'],
      )
      assert.deepEqual(places, ['reserve (shelf.js:2)', 'reserve (shelf.js:2)'])
    } finally {
      clearInterval(alive)
    }
  })
})
