import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OpenExchanges } from '../../skills/http/exchange.ts'
import { routeOf } from '../../skills/http/route.ts'
import { BUCKETS_MS, bucketPercentile, StatsBook } from '../../skills/http/stats.ts'
import { compare, troublesOf } from '../../skills/http/verdicts.ts'
import { type KeyReading, summarise, type Window, WindowBook } from '../../skills/http/windows.ts'

describe('routeOf', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/orders/17', '/orders/:id'],
    ['/v2/orders/17/items?x=1', '/v2/orders/:id/items'],
    ['/users/8f14e45f-ceea-467f/photo#top', '/users/:id/photo'],
    ['/health', '/health'],
    [`/t/${'a'.repeat(50)}`, '/t/:id'],
    ['', '/'],
  ]
  for (const [url, route] of cases) it(url, () => assert.equal(routeOf(url), route))
  it('is bounded', () => {
    fc.assert(fc.property(fc.webPath(), (path) => assert.ok(routeOf(path).length <= 120)))
  })
})

describe('StatsBook', () => {
  it('gives percentiles within the bucket of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 15_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (durations) => {
          const book = new StatsBook()
          for (const duration of durations) book.note('k', 200, duration, false)
          const buckets = book.entries()[0]?.[1].buckets ?? []
          const sorted = durations.toSorted((left, right) => left - right)
          const exact = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0
          const index = BUCKETS_MS.findIndex((bound) => exact <= bound)
          const found = bucketPercentile(buckets, 0.5)
          assert.ok(found >= (BUCKETS_MS[index - 1] ?? 0) - 0.1)
          assert.ok(found <= (BUCKETS_MS[index] ?? Number.POSITIVE_INFINITY) + 0.1)
        },
      ),
    )
  })

  it('is bounded, and loses no count', () => {
    const book = new StatsBook()
    for (let index = 0; index < 1000; index += 1) book.note(`k${index}`, 500, 1, false)
    const entries = book.entries()
    assert.ok(entries.length <= 121)
    assert.equal(
      entries.reduce((sum, [, { errors }]) => sum + errors, 0),
      1000,
    )
  })
})

describe('OpenExchanges', () => {
  it('lets go of what ended', () => {
    const open = new OpenExchanges()
    const thing = {}
    open.begin(thing, { startedAt: 1, request: {}, status: 0, headersAt: 0 })
    assert.equal(open.size, 1)
    assert.equal(open.end(thing)?.startedAt, 1)
    assert.equal(open.end(thing), undefined)
    assert.equal(open.size, 0)
  })
})

const reading = (change: Partial<KeyReading>): KeyReading => ({
  key: 'GET /x',
  count: 0,
  errors: 0,
  refusals: 0,
  aborted: 0,
  buckets: [],
  open: 0,
  oldestMs: 0,
  waiting: 0,
  oldestWaitingMs: 0,
  unread: 0,
  ...change,
})

/** Windows of 40 requests, each of one latency. */
function windowsOf(list: readonly Partial<KeyReading & { latencyMs: number }>[]): Window[] {
  return list.map(({ latencyMs = 8, ...change }, index) => {
    const book = new StatsBook()
    const count = change.count ?? 40
    for (let done = 0; done < count; done += 1) book.note('k', 200, latencyMs, false)
    const buckets = book.entries()[0]?.[1].buckets ?? []
    return { ...reading({ count, ...change, buckets }), at: index * 2000, spanMs: 2000 }
  })
}

const calm = Array.from({ length: 5 }, () => ({}))
const three = <Value>(value: Value): Value[] => [value, value, value]

describe('troublesOf', () => {
  const cases: readonly (readonly [string, Parameters<typeof windowsOf>[0], readonly string[]])[] =
    [
      ['what is as ever', [...calm, ...three({})], []],
      ['slow', [...calm, ...three({ latencyMs: 900 })], ['slow']],
      ['one slow moment', [...calm, {}, { latencyMs: 900 }, {}], []],
      ['slow by a little', [...calm, ...three({ latencyMs: 20 })], []],
      ['always slow', Array.from({ length: 9 }, () => ({ latencyMs: 1500 })), []],
      ['errors', [...calm, ...three({ errors: 20 })], ['errors']],
      ['some errors', [...calm, ...three({ errors: 2 })], []],
      ['errors as ever', Array.from({ length: 9 }, () => ({ errors: 20 })), []],
      [
        'requests that hang',
        [...calm, ...[2, 40, 80].map((waiting) => ({ waiting, oldestWaitingMs: 5000 }))],
        ['hanging'],
      ],
      [
        'a long poll',
        Array.from({ length: 9 }, () => ({ count: 0, waiting: 20, oldestWaitingMs: 25_000 })),
        [],
      ],
      ['answers that nobody reads', [...calm, ...three({ unread: 12 })], ['unread']],
      ['too little to tell', [{ latencyMs: 900 }], []],
      ['few requests', [...calm, ...three({ count: 1, latencyMs: 900 })], []],
    ]
  for (const [name, list, expected] of cases) {
    it(name, () => assert.deepEqual(troublesOf(windowsOf(list)), expected))
  }

  it('compares with the time before', () => {
    const { now, before } = compare(windowsOf([...calm, {}, ...three({ latencyMs: 900 })]))
    assert.ok((before?.p50Ms ?? 0) < 10 && now.p50Ms > 600)
  })
})

describe('WindowBook', () => {
  it('makes differences of counters, and begins anew after a fall', () => {
    const book = new WindowBook()
    for (const [at, count] of [
      [0, 10],
      [2000, 25],
      [4000, 5],
    ] as const) {
      book.add([reading({ count, buckets: [count] })], at)
    }
    assert.deepEqual(
      book.of('GET /x').map(({ count, buckets }) => [count, buckets[0]]),
      [
        [10, 10],
        [15, 15],
        [5, 5],
      ],
    )
    assert.equal(summarise(book.of('GET /x').slice(-2)).perSecond, 5)
  })
})
