import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { InsightFile } from '../../examples/shop/insight-file.ts'
import { LoadWindow, quantile } from '../../examples/shop/load-window.ts'
import type { FromLoad, LoadStats, ToLoad } from '../../examples/shop/messages.ts'
import { Peer } from '../../examples/shop/peer.ts'
import { plainText, styleFor, wrap } from '../../examples/shop/terminal.ts'
import { Attacker } from '../../examples/shop/visitors.ts'
import { noLeaks } from '../support/leaks.ts'
import { modulePath } from '../support/project.ts'

afterEach(noLeaks())

const signal = AbortSignal.timeout(60_000)

async function measure(
  listener: RequestListener,
  enough: (stats: LoadStats) => boolean,
): Promise<LoadStats> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const load = new Peer<ToLoad, FromLoad>('load generator', modulePath('examples/shop/load'), {
    args: [`http://127.0.0.1:${port}`, '200'],
  })
  try {
    for (;;) {
      load.tell({ type: 'window-open' })
      await delay(700) // a window has a length
      load.tell({ type: 'window-close' })
      const { stats } = await load.hear('window', { timeoutMs: 10_000, signal })
      if (enough(stats)) return stats
    }
  } finally {
    await load.end(undefined, 5_000)
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

describe('the load generator', () => {
  it('measures a shop that answers', async () => {
    const stats = await measure(
      (_request, response) => response.end('{"id":"c"}'),
      ({ answered }) => answered > 50,
    )
    assert.equal(stats.failed, 0)
    assert.ok(stats.p99Ms >= stats.p50Ms && stats.p50Ms > 0)
  })

  it('keeps going, bounded, when the shop does not answer, and counts those who wait', async () => {
    const stats = await measure(
      () => {},
      ({ turnedAway }) => turnedAway > 0,
    )
    assert.equal(stats.answered, 0)
    assert.ok(stats.p50Ms > 100, `waiting visitors were left out: p50 ${stats.p50Ms} ms`)
  })

  it('counts a shop that fails', async () => {
    const failing: RequestListener = (_request, response) => response.writeHead(503).end()
    const stats = await measure(failing, ({ failed }) => failed > 0)
    assert.equal(stats.answered, 0)
  })
})

describe('Peer', () => {
  it('hands none of its own options of Node on: -e would start this program without end', () => {
    const code = `
      import { Peer } from ${JSON.stringify(pathToFileURL(modulePath('examples/shop/peer')).href)}
      const peer = new Peer('child', ${JSON.stringify(modulePath('test/examples/fixtures/tell-options'))})
      const { options } = await peer.hear('options', { timeoutMs: 20000, signal: new AbortController().signal })
      console.log(JSON.stringify(options))
      await peer.end(undefined, 5000)`
    const args = ['--no-warnings', '--input-type=module', '-e', code]
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 30_000,
    })
    assert.equal(stdout.trim(), '["--enable-source-maps"]', stderr)
  })

  it('says how its child ended', async () => {
    const peer = new Peer('child', modulePath('test/examples/fixtures/tell-options'))
    await peer.hear('options', { timeoutMs: 20_000, signal })
    await peer.end(undefined, 5_000)
    await assert.rejects(
      peer.hear('nothing', { timeoutMs: 5_000, signal }),
      /the child has ended: exit 0/,
    )
  })
})

describe('LoadWindow', () => {
  it('counts waiting requests among the latencies', () => {
    const window = new LoadWindow(0)
    for (let n = 0; n < 10; n += 1) window.answered(1)
    const stats = window.close(1_000, [5_000])
    assert.equal(stats.answered, 10)
    assert.equal(stats.perSecond, 10)
    assert.equal(stats.p50Ms, 1)
    assert.equal(stats.p99Ms, 5_000)
  })
  it('tells the growth of the floor of the heap, not the saw-tooth above it', () => {
    const window = new LoadWindow(0)
    for (const bytes of [100, 300, 150, 400, 160, 200, 450, 170, 500]) window.heap(bytes)
    assert.equal(window.close(1, []).heapGrowthBytes, 70)
  })
  it('has a quantile of nothing', () => assert.equal(quantile([], 0.99), 0))
})

describe('Attacker', () => {
  const sizeOf = (attacker: Attacker) => JSON.stringify(attacker.next('c').body).length
  for (const kind of ['coupon', 'wholesale'] as const) {
    it(`gets worse while '${kind}' does not hurt, and stays when it does`, () => {
      const attacker = new Attacker(kind)
      const first = sizeOf(attacker)
      attacker.felt(10)
      const second = sizeOf(attacker)
      attacker.felt(4_000)
      assert.ok(second > first)
      assert.equal(sizeOf(attacker), second)
    })
    it(`never exceeds its bound with '${kind}'`, () => {
      const attacker = new Attacker(kind)
      for (let n = 0; n < 100; n += 1) attacker.felt(0)
      const bound = sizeOf(attacker)
      attacker.felt(0)
      assert.equal(sizeOf(attacker), bound)
    })
  }
})

describe('InsightFile', () => {
  const insight = {
    id: 'i1',
    createdAt: 'now',
    severity: 'info',
    summary: 'ä',
    confidence: 'low',
    model: 'm',
  }

  it('waits for a file that is not there, reads whole lines only, and skips what is no insight', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nodelens-insights-'))
    try {
      const path = join(folder, 'insights.jsonl')
      const file = new InsightFile(path)
      assert.deepEqual(file.read(), [])
      const line = `${JSON.stringify(insight)}\n`
      writeFileSync(path, `not json\n{"id":1}\n${line.slice(0, 20)}`)
      assert.deepEqual(file.read(), [])
      appendFileSync(path, line.slice(20))
      assert.deepEqual(file.read(), [insight])
      const next = file.next(({ id }) => id === 'i2', { from: 1, timeoutMs: 10_000, signal })
      appendFileSync(path, JSON.stringify({ ...insight, id: 'i2' }) + '\n')
      assert.equal((await next)?.id, 'i2')
      assert.equal(await file.next(() => false, { from: 0, timeoutMs: 0, signal }), undefined)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the terminal', () => {
  it('has colour for a person only', () => {
    assert.equal(styleFor({}, {}).bold('x'), 'x')
    assert.equal(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bold('x'), 'x')
    assert.equal(styleFor({ isTTY: true }, { TERM: 'dumb' }).bold('x'), 'x')
    assert.equal(styleFor({ isTTY: true }, {}).bold('x'), '\u001b[1mx\u001b[22m')
  })
  it('takes control characters out of what others wrote', () => {
    assert.equal(plainText('a\u001b[31mb\r\nc\u009bd'), 'a [31mb c d')
  })
  it('wraps', () => assert.equal(wrap('aa bb cc', 5, '  '), 'aa bb\n  cc'))
})
