import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { type ObserverOptions } from '../../../runtime/observer/observer-options.ts'
import {
  healthBodySchema,
  problemBodySchema,
  snapshotSchema,
  topicBodySchema,
  treeBodySchema,
} from '../../../runtime/observer/protocol.ts'
import { type Observer, startObserver } from '../../../runtime/observer/start-observer.ts'
import { FakeTree, node } from './fake-tree.ts'

interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

function ask(
  url: string,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const asked = request(
      {
        host: hostname.replace(/^\[|\]$/g, ''),
        port,
        path,
        method,
        headers: { ...headers },
        agent: false,
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += String(chunk)
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    asked.setTimeout(20_000, () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
    asked.end(body)
  })
}

async function withObserver(
  options: Partial<ObserverOptions>,
  use: (observer: Observer, tree: FakeTree) => Promise<void>,
): Promise<void> {
  const tree = new FakeTree([
    node(1, 1, 'root', { kind: 'supervisor', children: [node(2, 1, 'a')] }),
  ])
  const observer = await startObserver({ tree, ...options })
  try {
    await use(observer, tree)
  } finally {
    await observer.stop()
  }
}

function errorCode(reply: Reply): string {
  return v.parse(problemBodySchema, JSON.parse(reply.text)).error.code
}

describe('observer over HTTP', () => {
  it('answers every documented path with a body of its schema', async () => {
    const topics = { insights: () => [{ id: 'i1', summary: 's' }] }
    await withObserver({ topics }, async ({ url }) => {
      const bodies = [
        ['/api/v1/tree', treeBodySchema],
        ['/api/v1/snapshot', snapshotSchema],
        ['/api/v1/topics/insights', topicBodySchema],
        ['/livez', healthBodySchema],
        ['/readyz', healthBodySchema],
      ] as const
      for (const [path, schema] of bodies) {
        const reply = await ask(url, path)
        assert.equal(reply.status, 200, path)
        v.parse(schema, JSON.parse(reply.text))
      }
    })
  })

  it('serves the tree and the topics as they are', async () => {
    await withObserver(
      { topics: { insights: () => [{ id: 'i1', summary: 's' }] } },
      async (observer) => {
        observer.publish('insights', { id: 'i2', summary: 't' })
        const reply = await ask(observer.url, '/api/v1/snapshot')
        const body = v.parse(snapshotSchema, JSON.parse(reply.text))
        assert.deepEqual(
          body.tree.map(({ pid, children }) => [pid, children.map((child) => child.pid)]),
          [['<1.1>', ['<2.1>']]],
        )
        assert.deepEqual(
          body.threads.map((thread) => thread.ordinal),
          [1, 2],
        )
        assert.deepEqual(
          body.topics['insights']?.map((event) => event.id),
          ['i1', 'i2'],
        )
      },
    )
  })

  it('describes itself with a JSON Schema whose references all resolve', async () => {
    await withObserver({}, async ({ url }) => {
      const schema = JSON.parse((await ask(url, '/api/v1/schema')).text)
      const text = JSON.stringify(schema)
      const names = [...text.matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)].map((match) => match[1] ?? '')
      assert.ok(names.includes('TreeNode') && names.includes('Frame'))
      for (const name of names) assert.ok(name in schema.$defs, name)
      assert.equal(schema.$defs.ClientMessage.oneOf.length, 4)
    })
  })

  it('sends security headers with every answer', async () => {
    await withObserver({}, async ({ url }) => {
      for (const path of ['/', '/assets/app.js', '/api/v1/tree', '/nowhere']) {
        const { headers } = await ask(url, path)
        assert.match(
          String(headers['content-security-policy']),
          /default-src 'none'; script-src 'self'/,
        )
        assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/)
        assert.equal(headers['x-content-type-options'], 'nosniff')
        assert.equal(headers['cache-control'], 'no-store')
        assert.equal(headers['referrer-policy'], 'no-referrer')
      }
    })
  })

  it('answers HEAD as GET without the body', async () => {
    await withObserver({}, async ({ url }) => {
      const get = await ask(url, '/livez')
      const head = await ask(url, '/livez', { method: 'HEAD' })
      assert.equal(head.text, '')
      assert.deepEqual(
        [head.status, head.headers['content-length']],
        [get.status, get.headers['content-length']],
      )
    })
  })

  it('refuses other methods with 405 and names the allowed ones', async () => {
    await withObserver({}, async ({ url }) => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const reply = await ask(url, '/api/v1/tree', {
          method,
          body: method === 'POST' ? 'x=1' : '',
        })
        assert.deepEqual([reply.status, reply.headers['allow']], [405, 'GET, HEAD'], method)
        assert.equal(errorCode(reply), 'method_not_allowed')
      }
    })
  })

  it('answers unknown paths and topics with 404 and what there is', async () => {
    await withObserver({ topics: { insights: () => [] } }, async ({ url }) => {
      for (const path of ['/api/v1/nope', '/assets/../x', '/api/v2/tree', '//evil/x']) {
        assert.equal((await ask(url, path)).status, 404, path)
      }
      for (const name of ['nope', '__proto__', 'constructor', '%69nsights']) {
        const reply = await ask(url, `/api/v1/topics/${name}`)
        assert.equal(reply.status, 404, name)
        assert.equal(errorCode(reply), 'unknown_topic')
        assert.match(reply.text, /insights/)
      }
    })
  })

  it('answers a plain GET of the WebSocket path with 426', async () => {
    await withObserver({}, async ({ url }) => {
      assert.equal((await ask(url, '/api/v1/live')).status, 426)
    })
  })

  it('answers 503 while the tree cannot be read, and stays alive', async () => {
    await withObserver({}, async ({ url }, tree) => {
      tree.behaviour = async () => {
        throw new Error('root is gone')
      }
      const reply = await ask(url, '/readyz')
      assert.equal(reply.status, 503)
      assert.match(reply.text, /root is gone/)
      assert.equal((await ask(url, '/livez')).status, 200)
      tree.behaviour = async () => {}
      assert.equal((await ask(url, '/readyz')).status, 200)
    })
  })

  it('gives up on a tree that never answers', async () => {
    await withObserver({}, async ({ url }, tree) => {
      tree.behaviour = () => new Promise(() => {})
      const replies = await Promise.all([ask(url, '/api/v1/tree'), ask(url, '/api/v1/snapshot')])
      assert.deepEqual(
        replies.map((reply) => reply.status),
        [503, 503],
      )
      assert.equal(tree.snapshots, 1) // both shared one reading
    })
  })

  it('survives bytes that are no HTTP', async () => {
    await withObserver({}, async ({ url, port }) => {
      const socket = connect(port, '127.0.0.1')
      const ended = new Promise((resolve) => socket.on('close', resolve))
      socket.on('error', () => {})
      socket.resume()
      socket.end('\u0000\u0001 garbage\r\n\r\n')
      await ended
      assert.equal((await ask(url, '/livez')).status, 200)
    })
  })

  it('keeps the newest entries of a topic up to the bound', async () => {
    await withObserver({ topics: { insights: () => [] }, historyPerTopic: 3 }, async (observer) => {
      for (const id of ['a', 'b', 'c', 'd', 'b']) observer.publish('insights', { id })
      const reply = await ask(observer.url, '/api/v1/topics/insights')
      const { events } = v.parse(topicBodySchema, JSON.parse(reply.text))
      assert.deepEqual(
        events.map((event) => event.id),
        ['c', 'd', 'b'],
      )
    })
  })

  it('shows what it can of entries that are no JSON, or huge', async () => {
    await withObserver({ topics: { insights: () => null } }, async (observer) => {
      const cyclic: Record<string, unknown> = { id: 'x', big: 10n, text: 'y'.repeat(100_000) }
      cyclic['self'] = cyclic
      observer.publish('insights', cyclic)
      const reply = await ask(observer.url, '/api/v1/topics/insights')
      const { events } = v.parse(topicBodySchema, JSON.parse(reply.text))
      assert.equal(events[0]?.truncated, true)
      assert.ok(reply.text.length < 40_000)
    })
  })

  it('shows a topic whose owner throws as empty', async () => {
    const topics = {
      insights: () => {
        throw new Error('no')
      },
    }
    await withObserver({ topics }, async ({ url }) => {
      const reply = await ask(url, '/api/v1/topics/insights')
      assert.deepEqual(v.parse(topicBodySchema, JSON.parse(reply.text)).value, null)
    })
  })
})

describe('observer access', () => {
  const token = 'a-long-secret'
  const paths = ['/api/v1/tree', '/api/v1/snapshot', '/api/v1/schema', '/api/v1/topics/x', '/nope']

  it('wants the token for everything but health and fixed assets', async () => {
    await withObserver({ token }, async ({ url }) => {
      for (const path of paths) {
        const reply = await ask(url, path)
        assert.equal(reply.status, 401, path)
        assert.equal(errorCode(reply), 'token_needed')
        assert.doesNotMatch(reply.text, /a-long-secret/)
      }
      const page = await ask(url, '/')
      assert.equal(page.status, 401)
      assert.match(String(page.headers['content-type']), /text\/html/)
      assert.equal((await ask(url, '/livez')).status, 200)
    })
  })

  it('takes the token as Bearer and as ?token=', async () => {
    await withObserver({ token }, async ({ url }) => {
      const headers = { authorization: `Bearer ${token}` }
      assert.equal((await ask(url, '/api/v1/tree', { headers })).status, 200)
      assert.equal((await ask(url, `/api/v1/tree?token=${token}`)).status, 200)
      assert.equal((await ask(url, `/?token=${token}`)).status, 200)
    })
  })

  it('refuses wrong tokens of any length', async () => {
    await withObserver({ token }, async ({ url }) => {
      for (const wrong of ['', 'x', `${token}x`, token.slice(1), token.toUpperCase()]) {
        assert.equal((await ask(url, `/api/v1/tree?token=${wrong}`)).status, 401)
        const headers = { authorization: `Bearer ${wrong}` }
        assert.equal((await ask(url, '/api/v1/tree', { headers })).status, 401)
      }
      const headers = { authorization: `Basic ${token}` }
      assert.equal((await ask(url, '/api/v1/tree', { headers })).status, 401)
    })
  })

  it('refuses a Host header that is not its own (DNS rebinding)', async () => {
    await withObserver({}, async ({ url, port }) => {
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        '127.0.0.1.nip.io',
        'a b',
        '10.0.0.1',
      ]) {
        const reply = await ask(url, '/api/v1/tree', { headers: { host } })
        assert.equal(reply.status, 403, host)
        assert.equal(errorCode(reply), 'host_refused')
      }
      for (const host of [`localhost:${port}`, 'LOCALHOST', '127.0.0.1:1', '[::1]:80']) {
        assert.equal((await ask(url, '/livez', { headers: { host } })).status, 200, host)
      }
    })
  })

  it('takes any numeric Host, but no foreign name, when it listens for others', async () => {
    await withObserver({ host: '0.0.0.0', token }, async ({ port }) => {
      const url = `http://127.0.0.1:${port}/`
      const at = (host: string): Promise<Reply> =>
        ask(url, `/api/v1/tree?token=${token}`, { headers: { host } })
      assert.equal((await at('10.1.2.3:4680')).status, 200)
      assert.equal((await at('evil.example')).status, 403)
    })
  })

  it('refuses what a page of another site sends', async () => {
    await withObserver({}, async ({ url }) => {
      for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1']) {
        const reply = await ask(url, '/api/v1/tree', { method: 'POST', headers: { origin } })
        assert.equal(reply.status, 403, origin)
        assert.equal(errorCode(reply), 'origin_refused')
      }
      const origin = new URL(url).origin
      assert.equal((await ask(url, '/x', { method: 'POST', headers: { origin } })).status, 405)
    })
  })

  it('lets only allowed origins read across origins', async () => {
    await withObserver({ allowedOrigins: ['https://ops.example'] }, async ({ url }) => {
      const allowed = await ask(url, '/api/v1/tree', { headers: { origin: 'https://ops.example' } })
      assert.equal(allowed.headers['access-control-allow-origin'], 'https://ops.example')
      const other = await ask(url, '/api/v1/tree', { headers: { origin: 'https://evil.example' } })
      assert.equal(other.headers['access-control-allow-origin'], undefined)
    })
  })
})
