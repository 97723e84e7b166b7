import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { checkObserverOptions } from '../../../runtime/observer/observer-options.ts'
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { FakeTree } from './fake-tree.ts'

const tree = new FakeTree()

describe('startObserver options', () => {
  const wrong: [string, object, RegExp][] = [
    ['an unknown option', { prot: 1 }, /unknown option 'prot'.*'port'/],
    ['a port that is text', { port: '80' }, /port: expected a number/],
    ['a host that others reach, without token', { host: '0.0.0.0' }, /'0\.0\.0\.0'.*token/],
    ['a host name without token', { host: 'my-machine' }, /token/],
    ['IPv6 any without token', { host: '::' }, /token/],
    ['an empty host', { host: '' }, /host: expected/],
    ['an empty token', { token: '' }, /token: expected/],
    ['a token with a space', { token: 'a b' }, /token: expected/],
    ['an origin with a path', { allowedOrigins: ['https://a/b'] }, /allowedOrigins/],
    ['any origin', { allowedOrigins: ['*'] }, /allowedOrigins/],
    ['a topic that is no function', { topics: { a: 1 } }, /topics: expected/],
    ['a topic with a strange name', { topics: { '../x': () => 1 } }, /topics: expected/],
    ['an empty title', { title: '' }, /title: expected a text of 1 to 200/],
    ['a tree without subscribe', { tree: { snapshot: () => [] } }, /tree: expected/],
  ]
  for (const [what, options, message] of wrong) {
    it(`refuses ${what} with a TypeError`, async () => {
      const attempt = startObserver({ tree, ...options })
      await assert.rejects(
        attempt,
        (error) => error instanceof TypeError && message.test(error.message),
      )
    })
  }

  it('refuses numbers out of bounds with a RangeError', () => {
    for (const options of [{ port: 65_536 }, { port: -1 }, { port: 1.5 }, { maxClients: 0 }]) {
      assert.throws(() => checkObserverOptions({ tree, ...options }), RangeError)
    }
  })

  it('takes loopback in all its spellings without a token', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      assert.equal(checkObserverOptions({ tree, host }).host, host)
    }
  })

  it('names host, port and what to do when the port is in use', async () => {
    const blocker = createServer()
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
    try {
      await assert.rejects(startObserver({ tree, port }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_OBSERVER_LISTEN')
        assert.match(
          error.message,
          new RegExp(`127\\.0\\.0\\.1:${port}: the port is in use\\. Choose`),
        )
        return true
      })
    } finally {
      blocker.close()
    }
  })

  it('names an address that is not of this machine', async () => {
    await assert.rejects(
      startObserver({ tree, host: '203.0.113.7', token: 'secret' }),
      /203\.0\.113\.7:0: the address is not one of this machine/,
    )
  })

  it('refuses to publish to a topic that was not named', async () => {
    const observer = await startObserver({ tree, topics: { insights: () => [] } })
    try {
      assert.throws(() => observer.publish('insight', {}), /no topic 'insight'.*insights/)
    } finally {
      await observer.stop()
    }
  })
})
