import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { FakeTree, node } from './fake-tree.ts'
import { LiveTestClient } from './live-test-client.ts'

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const guest = fileURLToPath(new URL(`./observed-guest${extension}`, import.meta.url))

describe('stop', () => {
  it('says goodbye, closes everything and can be repeated', async () => {
    const tree = new FakeTree([node(1, 1, 'root')])
    const observer = await startObserver({ tree, topics: { insights: () => [] } })
    const client = new LiveTestClient(observer.url)
    await client.frame('snapshot')
    await Promise.all([observer.stop(), observer.stop()])
    assert.equal((await client.closed).code, 1001)
    assert.equal(tree.listeners.size, 0)
    assert.equal(observer.stats().clients, 0)
    observer.publish('insights', { id: 'late' }) // does nothing, does not throw
    await observer.stop()
    await assert.rejects(fetch(observer.url))
  })

  it('is bounded when clients do not answer, or have said nothing yet', async () => {
    const observer = await startObserver({ tree: new FakeTree() })
    const deaf = new LiveTestClient(observer.url)
    await deaf.frame('snapshot')
    deaf.socket.pause()
    const mute = connect(observer.port, '127.0.0.1')
    mute.on('error', () => {})
    const muteClosed = new Promise((resolve) => mute.on('close', resolve))
    mute.resume()
    await new Promise((resolve) => mute.on('connect', resolve))
    const start = Date.now()
    await observer.stop()
    assert.ok(Date.now() - start < 5000)
    await muteClosed
    deaf.socket.terminate()
  })

  it('lets another observer have the port at once', async () => {
    const tree = new FakeTree()
    const first = await startObserver({ tree })
    await new LiveTestClient(first.url).frame('snapshot')
    await first.stop()
    const second = await startObserver({ tree, port: first.port })
    assert.equal(second.port, first.port)
    await second[Symbol.asyncDispose]()
  })

  it('is not needed: an observer with a live client keeps no process alive', async () => {
    const child = fork(guest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const kill = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on('exit', (code, signal) => resolve({ code, signal }))
    })
    const url = await new Promise<string>((resolve) => {
      child.once('message', (message) => resolve(message as string))
    })
    const client = new LiveTestClient(url)
    await client.frame('snapshot')
    child.send('finish') // the guest gives up its last handle: the channel to us
    assert.deepEqual(await exited, { code: 0, signal: null })
    clearTimeout(kill)
    await client.closed
  })
})
