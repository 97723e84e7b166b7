import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type LiveState, treeOf } from '../../../runtime/observer/apply-event.ts'
import { parseClientMessage } from '../../../runtime/observer/client-message.ts'
import type { ObserverOptions } from '../../../runtime/observer/observer-options.ts'
import { type Observer, startObserver } from '../../../runtime/observer/start-observer.ts'
import { makePid } from '../../../runtime/pid.ts'
import { FakeTree, node } from './fake-tree.ts'
import { LiveTestClient, refusedUpgrade } from './live-test-client.ts'

async function withObserver(
  options: Partial<ObserverOptions>,
  use: (observer: Observer, tree: FakeTree) => Promise<void>,
): Promise<void> {
  const tree = new FakeTree([
    node(1, 1, 'root', { kind: 'supervisor', children: [node(2, 1, 'a'), node(3, 1, 'b')] }),
  ])
  const observer = await startObserver({ tree, flushMs: 5, ...options })
  try {
    await use(observer, tree)
  } finally {
    await observer.stop()
  }
}

const topics = { insights: () => [], investigations: () => [] }

function update(thread: number, handled: number): Parameters<FakeTree['emit']>[0] {
  const pid = makePid(thread, 1)
  return { type: 'process-updated', at: handled, pid, mailbox: 0, handled, status: 'running' }
}

function handledOf(client: LiveTestClient, pid: string): number | undefined {
  return client.state?.processes.get(pid)?.handled
}

function shown(state: LiveState | undefined): unknown {
  assert.ok(state)
  return { tree: treeOf(state), threads: [...state.threads.keys()].sort((a, b) => a - b) }
}

describe('live connection', () => {
  it('begins with hello and a snapshot', async () => {
    await withObserver({ topics }, async ({ url }) => {
      const client = new LiveTestClient(url)
      const hello = await client.frame('hello')
      assert.deepEqual(hello.topics, ['insights', 'investigations'])
      assert.equal(hello.server.pid, process.pid)
      const snapshot = await client.frame('snapshot')
      assert.equal(snapshot.cause, 'connected')
      assert.deepEqual(
        snapshot.tree[0]?.children.map((child) => child.id),
        ['a', 'b'],
      )
    })
  })

  it('tells starts, restarts and exits with their reasons', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      const reason = { type: 'error', error: { name: 'Error', message: 'boom' } }
      tree.emit({ type: 'process-exited', at: 1, pid: makePid(2, 1), reason })
      const parent = makePid(1, 1)
      const fresh = node(4, 1, 'a')
      tree.emit({ type: 'process-started', at: 2, pid: fresh.pid, parent, node: fresh })
      tree.emit({
        type: 'child-restarted',
        at: 3,
        supervisor: parent,
        id: 'a',
        oldPid: makePid(2, 1),
        newPid: fresh.pid,
        reason,
        restarts: 1,
      })
      const { events } = await client.frame('differences')
      assert.deepEqual(
        events.map((event) => event.type),
        ['process-exited', 'process-started', 'child-restarted'],
      )
      assert.deepEqual(events[0], {
        type: 'process-exited',
        at: 1,
        pid: '<2.1>',
        reason: { type: 'error', error: { name: 'Error', message: 'boom' } },
      })
      assert.equal(client.state?.processes.get('<4.1>')?.restarts, 1)
    })
  })

  it('sends reasons that are no JSON as far as JSON goes', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      const reason = { type: 'odd', big: 1n, map: new Map([[1, 2]]), when: new Date(0) }
      tree.emit({ type: 'process-exited', at: 1, pid: makePid(2, 1), reason })
      const { events } = await client.frame('differences')
      const [event] = events
      assert.deepEqual(event?.type === 'process-exited' && event.reason, {
        type: 'odd',
        big: '1',
        map: [[1, 2]],
        when: '1970-01-01T00:00:00.000Z',
      })
    })
  })

  it('sends of many updates of one process only the last', async () => {
    await withObserver({ flushMs: 50 }, async ({ url }, tree) => {
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      for (let handled = 1; handled <= 500; handled++) tree.emit(update(2, handled))
      const { events } = await client.frame('differences')
      assert.equal(events.length, 1)
      assert.equal(handledOf(client, '<2.1>'), 500)
    })
  })

  it('sends topic entries in the same numbering', async () => {
    await withObserver({ topics }, async (observer, tree) => {
      const client = new LiveTestClient(observer.url)
      await client.frame('snapshot')
      observer.publish('insights', { id: 'i1', summary: '<b>x</b>' })
      tree.emit(update(2, 7))
      await client.until(() => (handledOf(client, '<2.1>') === 7 ? true : undefined), 'the update')
      assert.deepEqual(
        client.state?.topics.get('insights')?.map((event) => event.data),
        [{ id: 'i1', summary: '<b>x</b>' }],
      )
    })
  })

  it('is subscribed to the tree only while somebody looks', async () => {
    await withObserver({ topics }, async (observer, tree) => {
      observer.publish('insights', { id: 'early' })
      assert.equal(tree.listeners.size, 0)
      assert.equal(tree.snapshots, 0)
      const first = new LiveTestClient(observer.url)
      const second = new LiveTestClient(observer.url)
      await Promise.all([first.frame('snapshot'), second.frame('snapshot')])
      assert.equal(tree.listeners.size, 1)
      assert.equal(first.state?.topics.get('insights')?.[0]?.id, 'early')
      first.socket.close()
      second.socket.close()
      await Promise.all([first.closed, second.closed])
      const third = new LiveTestClient(observer.url) // the server has heard the others' close by now
      await third.frame('snapshot')
      assert.equal(tree.listeners.size, 1)
      third.socket.terminate()
      await until(() => tree.listeners.size === 0)
    })
  })

  it('misses nothing that happens while the first snapshot is taken', async () => {
    await withObserver({}, async ({ url }, tree) => {
      let release = (): void => {}
      tree.behaviour = () => new Promise((resolve) => (release = resolve))
      const client = new LiveTestClient(url)
      await client.frame('hello')
      await until(() => tree.snapshots === 1)
      tree.emit(update(2, 41))
      tree.emit({ type: 'process-exited', at: 1, pid: makePid(3, 1), reason: { type: 'normal' } })
      release()
      await client.frame('snapshot')
      assert.equal(handledOf(client, '<2.1>'), 41)
      assert.equal(client.state?.processes.has('<3.1>'), false)
    })
  })

  it('says so when the tree cannot be read, and recovers', async () => {
    await withObserver({}, async ({ url }, tree) => {
      tree.behaviour = async () => {
        throw new Error('root is gone')
      }
      const client = new LiveTestClient(url)
      const { code, message } = await client.frame('error')
      assert.equal(code, 'tree_unavailable')
      assert.match(message, /root is gone/)
      tree.behaviour = async () => {}
      await client.frame('snapshot')
      assert.equal(tree.listeners.size, 1)
    })
  })

  it('reads the tree again when it hears of a process that it was not told of', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      tree.roots.push(node(8, 1, 'forgotten'))
      tree.emit(update(8, 3))
      const snapshot = await client.frame('snapshot', (frame) => frame.cause === 'resync')
      assert.deepEqual(
        snapshot.tree.map(({ id }) => id),
        ['forgotten', 'root'],
      )
      assert.equal(tree.listeners.size, 1)
      tree.emit(update(8, 4))
      await client.until(() => (handledOf(client, '<8.1>') === 4 ? true : undefined), 'the update')
    })
  })

  it('keeps every client equal to a fresh snapshot', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const clients: LiveTestClient[] = []
      const parent = makePid(1, 1)
      const living: number[] = []
      for (let step = 1; step <= 300; step++) {
        const dying = step % 3 === 0 ? living.shift() : undefined
        if (dying !== undefined) {
          const pid = makePid(9, dying)
          tree.emit({ type: 'process-exited', at: step, pid, reason: { type: 'killed' } })
        } else {
          const started = node(9, step, `w${step % 10}`)
          tree.emit({ type: 'process-started', at: step, pid: started.pid, parent, node: started })
          living.push(step)
        }
        tree.emit(update(2, step))
        if (step % 60 === 0) {
          const joined = new LiveTestClient(url) // joins in the middle
          clients.push(joined)
          await joined.frame('snapshot')
        }
      }
      tree.emit(update(3, 999))
      const last = new LiveTestClient(url)
      clients.push(last)
      for (const client of clients) {
        await client.until(() => (handledOf(client, '<3.1>') === 999 ? true : undefined), 'the end')
      }
      for (const client of clients) assert.deepEqual(shown(client.state), shown(last.state))
    })
  })
})

describe('client messages', () => {
  it('pause stops differences, resume brings a snapshot', async () => {
    await withObserver({ topics }, async (observer, tree) => {
      const client = new LiveTestClient(observer.url)
      await client.frame('snapshot')
      client.send({ type: 'pause' })
      client.send('not JSON') // its answer says that the pause has been heard
      await client.frame('error')
      for (let handled = 1; handled <= 50; handled++) tree.emit(update(2, handled))
      client.send({ type: 'resume' })
      await client.frame('snapshot', (frame) => frame.cause === 'resumed')
      assert.equal(handledOf(client, '<2.1>'), 50)
      assert.ok(client.frames.every((frame) => frame.type !== 'differences'))
      tree.emit(update(2, 51))
      await client.frame('differences')
    })
  })

  it('subscribe narrows what comes, without holes in the numbering', async () => {
    await withObserver({ topics }, async (observer, tree) => {
      const client = new LiveTestClient(observer.url)
      await client.frame('snapshot')
      client.send({ type: 'subscribe', tree: false, topics: ['insights'] })
      const narrow = await client.frame('snapshot', (frame) => frame.cause === 'subscribed')
      assert.deepEqual([narrow.tree, Object.keys(narrow.topics)], [[], ['insights']])
      tree.emit(update(2, 1))
      observer.publish('investigations', { id: 'no' })
      observer.publish('insights', { id: 'one' })
      const { events } = await client.frame('differences')
      assert.deepEqual(
        events.map((event) => event.type === 'topic' && event.id),
        ['one'],
      )
      tree.emit(update(2, 2))
      observer.publish('insights', { id: 'two' })
      await client.until(
        () => (client.state?.topics.get('insights')?.length === 2 ? true : undefined),
        'both',
      )
    })
  })

  const rubbish: [string, string, RegExp][] = [
    ['no JSON', '{', /not JSON/],
    ['a number', '7', /expected Object/i],
    ['no type', '{}', /'type'/],
    ['an unknown type', '{"type":"explode"}', /"pause".*got "explode"/],
    ['an unknown field', '{"type":"pause","x":1}', /'x': expected never/],
    [
      'topics of the wrong kind',
      '{"type":"subscribe","topics":"insights"}',
      /'topics': expected Array/,
    ],
    ['a prototype trick', '{"type":"subscribe","__proto__":{"tree":false}}', /expected never/],
  ]
  for (const [what, text, message] of rubbish) {
    it(`answers ${what} with what was expected, and changes nothing`, async () => {
      await withObserver({ topics }, async (observer) => {
        const client = new LiveTestClient(observer.url)
        await client.frame('snapshot')
        client.send(text)
        const error = await client.frame('error')
        assert.equal(error.code, 'bad_message')
        assert.match(error.message, message)
        assert.match(error.message, /"subscribe"/)
        observer.publish('insights', { id: 'still there' })
        await client.frame('differences')
      })
    })
  }

  it('names the topics when one is unknown', async () => {
    await withObserver({ topics }, async ({ url }) => {
      const client = new LiveTestClient(url)
      client.socket.on('open', () => client.send({ type: 'subscribe', topics: ['insight'] }))
      const { code, message } = await client.frame('error')
      assert.equal(code, 'unknown_topic')
      assert.match(message, /'insight'.*insights, investigations/)
    })
  })

  it('parseClientMessage never throws and accepts only what is documented', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.object().map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(text, (line) => {
        const parsed = parseClientMessage(line)
        if (parsed.ok) {
          assert.ok(['subscribe', 'pause', 'resume', 'pong'].includes(parsed.message.type))
        } else {
          assert.match(parsed.error, /Expected one JSON object/)
          assert.ok(parsed.error.length < 700)
        }
      }),
    )
  })

  it('binary frames are refused, and who goes on with rubbish is cut off', async () => {
    await withObserver({}, async ({ url }) => {
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      for (let n = 0; n < 40; n++) client.socket.send(randomBytes(64))
      assert.match((await client.frame('error')).message, /Binary/)
      assert.equal((await client.closed).code, 1008)
    })
  })

  it('a huge frame ends its own connection and no other', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const other = new LiveTestClient(url)
      const client = new LiveTestClient(url)
      await Promise.all([client.frame('snapshot'), other.frame('snapshot')])
      client.send('x'.repeat(1024 * 1024))
      assert.equal((await client.closed).code, 1009)
      tree.emit(update(2, 5))
      await other.frame('differences')
    })
  })

  it('bytes that are no WebSocket frames end their own connection and no other', async () => {
    await withObserver({}, async ({ url }, tree) => {
      const other = new LiveTestClient(url)
      await other.frame('snapshot')
      for (let n = 0; n < 10; n++) {
        const client = new LiveTestClient(url)
        client.socket.on('upgrade', (response) => response.socket.write(randomBytes(2000)))
        await client.closed
      }
      tree.emit(update(2, 5))
      await other.frame('differences')
    })
  })
})

describe('live access', () => {
  it('wants the token', async () => {
    await withObserver({ token: 'secret' }, async ({ url }) => {
      assert.deepEqual(await refusedUpgrade(url), { status: 401, code: 'token_needed' })
      const wrong = { authorization: 'Bearer secre' }
      assert.equal((await refusedUpgrade(url, { headers: wrong })).status, 401)
      await new LiveTestClient(url, { token: 'secret' }).frame('snapshot')
      const headers = { authorization: 'Bearer secret' }
      await new LiveTestClient(url, { headers }).frame('snapshot')
    })
  })

  it('refuses pages of other origins, takes its own and the allowed', async () => {
    await withObserver({ allowedOrigins: ['https://ops.example'] }, async ({ url }) => {
      for (const origin of ['http://evil.example', 'null', 'http://localhost:1']) {
        const refused = await refusedUpgrade(url, { headers: { origin } })
        assert.deepEqual(refused, { status: 403, code: 'origin_refused' }, origin)
      }
      for (const origin of [new URL(url).origin, 'https://ops.example']) {
        await new LiveTestClient(url, { headers: { origin } }).frame('snapshot')
      }
    })
  })

  it('refuses a foreign Host and a wrong path', async () => {
    await withObserver({}, async ({ url }) => {
      const headers = { host: 'evil.example' }
      assert.equal((await refusedUpgrade(url, { headers })).code, 'host_refused')
      assert.equal((await refusedUpgrade(url, { path: '/api/v1/tree' })).status, 404)
    })
  })

  it('answers 503 when all places are taken, and has room again afterwards', async () => {
    await withObserver({ maxClients: 1 }, async (observer) => {
      const { url } = observer
      const client = new LiveTestClient(url)
      await client.frame('snapshot')
      assert.equal((await refusedUpgrade(url)).code, 'too_many_clients')
      client.socket.terminate()
      await until(() => observer.stats().clients === 0)
      await new LiveTestClient(url).frame('snapshot')
    })
  })
})

describe('slow and silent clients', () => {
  it('a slow client costs a bounded buffer, then gets a fresh snapshot', async () => {
    const maxBufferedBytes = 256 * 1024
    await withObserver({ topics, maxBufferedBytes }, async (observer, tree) => {
      const slow = new LiveTestClient(observer.url)
      const quick = new LiveTestClient(observer.url)
      await Promise.all([slow.frame('snapshot'), quick.frame('snapshot')])
      slow.socket.pause()
      let peakBytes = 0
      for (let n = 0; observer.stats().droppedDifferences < 100; n++) {
        assert.ok(n < 20_000, 'never began to drop')
        const seq = quick.seq
        observer.publish('insights', { id: `i${n % 5}`, text: 'x'.repeat(30_000) })
        await quick.until(() => (quick.seq > seq ? true : undefined), 'the difference')
        peakBytes = Math.max(peakBytes, observer.stats().bufferedBytes)
      }
      assert.ok(peakBytes < 2 * maxBufferedBytes + 100_000, `${peakBytes} bytes`)
      tree.emit(update(2, 77))
      await quick.until(() => (handledOf(quick, '<2.1>') === 77 ? true : undefined), 'the update')
      slow.socket.resume()
      const { dropped } = await slow.frame('lagging')
      assert.ok(dropped >= 100)
      await slow.frame('snapshot', (frame) => frame.cause === 'lagging')
      assert.equal(handledOf(slow, '<2.1>'), 77)
      assert.deepEqual(shown(slow.state), shown(quick.state))
      tree.emit(update(2, 78)) // and it is live again
      await slow.until(() => (handledOf(slow, '<2.1>') === 78 ? true : undefined), 'the next one')
    })
  })

  it('a client that gives no sign of life is dropped, one that does is kept', async () => {
    await withObserver({ heartbeatMs: 400 }, async (observer) => {
      const { url } = observer
      const silent = new LiveTestClient(url)
      const alive = new LiveTestClient(url)
      await Promise.all([silent.frame('snapshot'), alive.frame('snapshot')])
      silent.socket.pause()
      await alive.frame('ping')
      await until(() => observer.stats().clients === 1)
      assert.equal(alive.socket.readyState, alive.socket.OPEN)
      silent.socket.terminate()
    })
  })
})

/** Looks again and again, bounded: for what only the observer itself knows. */
async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!isSo()) {
    assert.ok(Date.now() < end, 'it never became true')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
