import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../../../runtime/observer/protocol.ts'
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { FakeTree, node } from './fake-tree.ts'
import { LiveTestClient } from './live-test-client.ts'

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const fixture = (name: string): string =>
  fileURLToPath(new URL(`./${name}${extension}`, import.meta.url))

function startGuest(name: string): {
  child: ChildProcess
  url: Promise<string>
  exited: Promise<{ code: number | null; signal: string | null }>
} {
  const child = fork(fixture(name), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const kill = setTimeout(() => child.kill('SIGKILL'), 60_000)
  return {
    child,
    url: new Promise((resolve) => child.once('message', (message) => resolve(message as string))),
    exited: new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        clearTimeout(kill)
        resolve({ code, signal })
      })
    }),
  }
}

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
    const { child, url, exited } = startGuest('observed-guest')
    const client = new LiveTestClient(await url)
    await client.frame('snapshot')
    child.send('finish') // the guest gives up its last handle: the channel to us
    assert.deepEqual(await exited, { code: 0, signal: null })
    await client.closed
  })
})

describe('an observer in a worker', () => {
  it('goes on sending, and takes new clients, while the main thread is in an endless loop', async () => {
    const { child, url, exited } = startGuest('blocked-guest')
    try {
      const address = await url
      const early = new LiveTestClient(address)
      await early.frame('snapshot')
      child.send('block')
      await blockedUpdates(early, 5)
      const late = new LiveTestClient(address)
      await blockedUpdates(late, 5)
      assert.equal((await fetch(new URL('/api/v1/tree', address))).status, 200)
      assert.equal((await fetch(address)).status, 200)
    } finally {
      child.kill('SIGKILL')
      await exited
    }
  })
})

/** Waits for so many frames of differences that were made while the main thread was stuck. */
async function blockedUpdates(client: LiveTestClient, count: number): Promise<void> {
  const isBlocked = (frame: Frame): boolean =>
    frame.type === 'differences' &&
    frame.events.some((event) => event.type === 'process-updated' && event.mailbox === 1)
  await client.until(
    () => (client.frames.filter(isBlocked).length >= count ? true : undefined),
    'updates from a stuck process',
  )
}
