import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { History } from '../../skills/history/history.ts'
import { type JsonRecord, textOf } from '../../skills/json.ts'
import { MailboxBook } from '../../skills/overload/mailbox-book.ts'
import { forecastRows, mailboxRow, stateRow } from '../../skills/overload/rows.ts'
import { SocketSums } from '../../skills/overload/socket-sums.ts'
import { SocketWriteWindow } from '../../skills/overload/socket-writes.ts'
import { judgeLoad, type Load } from '../../skills/overload/state.ts'
import { isGrowing, isRising, type Trend, timeTo, trendOf } from '../../skills/overload/trend.ts'
import { OverloadWatch } from '../../skills/overload/watch.ts'

const pointsOf = (values: readonly number[], everyMs = 2000): { at: number; value: number }[] =>
  values.map((value, index) => ({ at: index * everyMs, value }))

describe('trendOf', () => {
  it('says nothing of a few readings', () =>
    assert.equal(trendOf(pointsOf([1, 2, 3, 4])), undefined))

  it('finds any straight line', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 5, max: 90 }),
        (start, step, length) => {
          const values = Array.from({ length }, (_, index) => start + 5000 + index * step)
          const trend = trendOf(pointsOf(values))
          assert.ok(trend !== undefined)
          assert.ok(Math.abs(trend.slopePerSecond - step / 2) < 1e-6)
          assert.equal(trend.steadiness, Math.sign(step))
        },
      ),
    )
  })

  it('is not turned by an odd reading', () => {
    const trend = trendOf(pointsOf([10, 20, 30, 900, 50, 60, 70, 80]))
    assert.ok(trend !== undefined && Math.abs(trend.slopePerSecond - 5) < 0.5)
  })

  it('sees no growth in noise', () => {
    const trend = trendOf(pointsOf([40, 52, 38, 47, 55, 41, 49, 44, 51, 43]))
    assert.equal(isGrowing(trend, { least: 5, factor: 1.1 }), false)
  })
})

describe('isRising', () => {
  const limits = { least: 12, factor: 1.5, rises: 3 }
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ['three rises in a row', [0, 0, 0, 6, 12, 18], true],
    ['one large message that waits', [0, 0, 0, 50, 50, 50], false],
    ['what rises and falls', [0, 20, 10, 30], false],
    ['little', [0, 1, 2, 3], false],
    ['little against what was there', [100, 106, 112, 118], false],
    ['too few readings', [0, 10, 20], false],
  ]
  for (const [what, values, expected] of cases)
    it(`${what}: ${expected}`, () => assert.equal(isRising(pointsOf(values), limits), expected))
})

describe('timeTo', () => {
  const steady: Trend = {
    from: 0,
    to: 100,
    overMs: 20_000,
    slopePerSecond: 5,
    steadiness: 1,
    readings: 10,
  }
  const cases: readonly (readonly [string, number, Partial<Trend>, number | undefined, string?])[] =
    [
      ['a limit near by', 200, {}, 20, 'high'],
      ['a limit further away', 1000, {}, 180, 'medium'],
      ['a limit far away', 10_000, {}, 1980, 'low'],
      ['a limit that was passed', 50, {}, 0, 'high'],
      ['an unsteady growth', 200, { steadiness: 0.7 }, 20, 'medium'],
      ['a fall', 200, { slopePerSecond: -1 }, undefined],
      ['a disorder', 200, { steadiness: 0.2 }, undefined],
      ['a year', 1e9, {}, undefined],
    ]
  for (const [name, limit, change, seconds, confidence] of cases)
    it(`${name}: ${seconds === undefined ? 'no forecast' : `${seconds} s, ${confidence} confidence`}`, () =>
      assert.deepEqual(
        timeTo(limit, { ...steady, ...change }),
        seconds === undefined ? undefined : { seconds, confidence },
      ))
})

describe('judgeLoad', () => {
  const rising = (from: number, to: number): Trend => ({
    from,
    to,
    overMs: 20_000,
    slopePerSecond: (to - from) / 20,
    steadiness: 1,
    readings: 10,
  })
  const calm: Load = {
    waiting: rising(4, 5),
    waitingNow: 5,
    inPerSecond: 50,
    inPerSecondBefore: 50,
    loopPct: 40,
    loopPctBefore: 40,
    upstream: undefined,
    poolRequests: undefined,
    databaseWaiting: 0,
    responseMb: undefined,
    socketMb: undefined,
  }
  const busy = { waiting: rising(5, 400), waitingNow: 400, loopPct: 99 }
  const cases: readonly (readonly [string, Partial<Load>, string, boolean, boolean])[] = [
    ['calm', {}, 'unknown', false, false],
    ['a busy loop that keeps up', { loopPct: 96 }, 'main_thread', false, false],
    ['more than can be answered', { ...busy, inPerSecond: 125 }, 'main_thread', true, true],
    ['each request costs more', { ...busy, inPerSecond: 30 }, 'main_thread', true, false],
    [
      'callers wait for the database',
      { ...busy, loopPct: 20, databaseWaiting: 40 },
      'database',
      true,
      false,
    ],
    [
      'the thread pool',
      { ...busy, loopPct: 20, poolRequests: rising(2, 90) },
      'thread_pool',
      true,
      false,
    ],
    ['an upstream', { ...busy, loopPct: 20, upstream: rising(3, 300) }, 'upstream', true, false],
    ['slow clients', { loopPct: 20, responseMb: rising(1, 60) }, 'slow_clients', false, false],
  ]
  for (const [name, change, bottleneck, grows, isSurge] of cases)
    it(`${name}: ${bottleneck}`, () => {
      const judged = judgeLoad({ ...calm, ...change })
      assert.deepEqual(
        [judged.bottleneck, judged.isGrowing, judged.isSurge],
        [bottleneck, grows, isSurge],
      )
    })

  it('says how long who comes now waits', () =>
    assert.equal(judgeLoad({ ...calm, waitingNow: 100 }).waitMs, 2000))
})

/** Four minutes of a service, the last of them with more requests than it can answer. */
function surge(): { watch: OverloadWatch; now: number } {
  const history = new History()
  const begun = 1_000_000
  for (let at = 0; at <= 240_000; at += 2000) {
    const isOver = at > 216_000
    history.record('http_inPerSecond', begun + at, isOver ? 130 : 50)
    history.record('http_inWaiting', begun + at, isOver ? 3 + (at - 216_000) / 50 : 3)
    history.record('vm_loopUtilizationPct', begun + at, isOver ? 99 : 38)
    history.record('vm_rssMb', begun + at, 120 + at / 100_000)
  }
  return { watch: new OverloadWatch(history), now: begun + 240_000 }
}

describe('the state of overload', () => {
  it('says what grows, by how much, why, and when it is trouble', () => {
    const { watch, now } = surge()
    const row = stateRow(watch, now)
    assert.equal(row['isSurge'], true)
    assert.equal(row['bottleneck'], 'main_thread')
    assert.match(
      textOf(row['observation']),
      /Requests that wait for an answer grow from \d+ to 4\d\d in 2\d s/,
    )
    assert.match(
      textOf(row['observation']),
      /at this pace it is 30 s in \d+ (s|min) \(\w+ confidence\)/,
    )
    assert.match(textOf(row['explanation']), /130 a second are answered, 50 a second were before/)
  })

  it('forecasts the nearest trouble first', () => {
    const { watch, now } = surge()
    const [first] = forecastRows(watch, 100, now)
    assert.equal(first?.['metric'], 'http_inWaiting')
  })

  it('of a process of which nothing is known is no trouble', () => {
    const row: JsonRecord = stateRow(new OverloadWatch(new History()), 5000)
    assert.deepEqual(
      [row['isGrowing'], row['isSurge'], row['socketsGrow'], row['bottleneck']],
      [false, false, false, 'unknown'],
    )
  })
})

describe('mailboxes', () => {
  it('that are over their mark are told, those of nodelens are not', () => {
    const book = new MailboxBook()
    book.note({ pid: '<2.1>', name: 'mailer', mailbox: 10_001, highWater: 10_000 }, 1000)
    book.note({ pid: '<2.1>', name: 'mailer', mailbox: 10_000, policy: 'reject', total: 500 }, 3000)
    book.note({ pid: '<1.9>', name: 'nodelens.journal', mailbox: 20_000 }, 1000)
    const [row, ...others] = book.rows()
    assert.deepEqual(others, [])
    const watch = new OverloadWatch(new History())
    watch.hear({ sockets: {}, mailboxes: [row ?? {}] })
    const [actor] = watch.mailboxes(4000)
    assert.ok(actor !== undefined)
    const told = mailboxRow(actor, 4000)
    assert.equal(told['reportable'], true)
    assert.match(
      textOf(told['observation']),
      /actor mailer \(<2\.1>\) holds 10000 messages, above its mark of 10000; 500 messages found it full \(policy reject\)/,
    )
    assert.deepEqual(watch.mailboxes(60_000), [])
  })

  it('are bounded', () => {
    const book = new MailboxBook()
    for (let index = 0; index < 200; index += 1)
      book.note({ pid: `<2.${index}>`, mailbox: 1 }, index)
    assert.equal(book.rows().length, 50)
  })
})

describe('SocketSums', () => {
  it('counts what the other side does not take', async () => {
    const accepted: Socket[] = []
    const server = createServer((socket) => {
      accepted.push(socket)
      socket.pause()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const sums = new SocketSums()
    // far more than the buffers of the system hold
    for (let index = 0; index < 64; index += 1) socket.write(Buffer.alloc(1_048_576))
    const sum = sums.read()
    assert.ok(Number(sum['bytes']) > 10_000_000, JSON.stringify(sum))
    assert.equal(sum['waiting'], 1)
    assert.equal(sum['worst'], `127.0.0.1:${port}`)
    socket.destroy()
    for (const one of accepted) one.destroy()
    server.close()
  })
})

describe('SocketWriteWindow', () => {
  it('names who goes on writing to a socket that is overfull, and nobody who writes to another', async () => {
    const accepted: Socket[] = []
    const server = createServer((socket) => {
      accepted.push(socket)
      if (accepted.length === 1) socket.pause()
      else socket.resume()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const stuck = connect(port, '127.0.0.1')
    await once(stuck, 'connect')
    const reading = connect(port, '127.0.0.1')
    await once(reading, 'connect')
    for (let index = 0; index < 64; index += 1) stuck.write(Buffer.alloc(1_048_576))
    const window = new SocketWriteWindow()
    function broadcast(): void {
      stuck.write('x'.repeat(1000))
    }
    function chat(): void {
      reading.write('y')
    }
    window.begin()
    for (let turn = 0; turn < 5; turn += 1) {
      broadcast()
      chat()
    }
    const [writer, ...others] = window.end()
    broadcast()
    assert.deepEqual(others, [])
    assert.deepEqual([writer?.['writes'], writer?.['bytes'], writer?.['peers']], [5, 5000, 1])
    assert.match(textOf(writer?.['stack']).split('\n')[0] ?? '', /broadcast .*overload\.test/)
    assert.deepEqual(window.end(), [])
    for (const one of [stuck, reading, ...accepted]) one.destroy()
    server.close()
  })
})
