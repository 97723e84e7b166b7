import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { describe, it } from 'node:test'
import { call, cast, child, observer, startRuntime } from '../../runtime/index.ts'
import { counter } from '../fixtures/runtime/counter.ts'
import { LiveTestClient } from './observer/live-test-client.ts'

describe('the observer as a child', () => {
  it('serves the tree and what is published, and is gone after stop', async () => {
    const runtime = await startRuntime({
      spare: false,
      children: [observer({ topics: ['news'] }), child(counter, { args: 1, placement: 'root' })],
    })
    let url = ''
    try {
      url = String(await call('observer', 'url'))
      const tree = await (await fetch(new URL('api/v1/tree', url))).text()
      assert.match(tree, /"id":"counter"/)
      cast('observer', 'publish', { topic: 'news', entry: { id: '1', text: 'hello' } })
      await call('observer', 'url')
      const news = await (await fetch(new URL('api/v1/topics/news', url))).text()
      assert.match(news, /hello/)
    } finally {
      await runtime.stop()
    }
    await assert.rejects(fetch(new URL('api/v1/tree', url)))
  })

  it('names the program of who asked for it, not the file of the root thread', async () => {
    const runtime = await startRuntime({ spare: false, children: [observer()] })
    try {
      const client = new LiveTestClient(String(await call('observer', 'url')))
      assert.equal((await client.frame('hello')).server.title, basename(process.argv[1] ?? ''))
      client.socket.close()
    } finally {
      await runtime.stop()
    }
  })

  it('refuses unknown options at once, and wrong ones at its start', async () => {
    assert.throws(() => observer({ prot: 1 } as never), { message: /Did you mean 'port'/ })
    await assert.rejects(
      startRuntime({ spare: false, children: [observer({ host: '0.0.0.0' })] }),
      { code: 'ERR_START_FAILED', message: /no token is set/ },
    )
  })
})
