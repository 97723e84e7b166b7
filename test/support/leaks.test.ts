import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { liveWorkers, noLeaks } from './leaks.ts'

const idle = 'setInterval(() => {}, 1_000)'

describe('noLeaks', () => {
  it('is content when nothing is left', async () => {
    await noLeaks({ graceMs: 0 })()
  })

  it('waits for what is on its way out', async () => {
    const check = noLeaks()
    const worker = new Worker(idle, { eval: true })
    await once(worker, 'online')
    void worker.terminate()
    await check()
    assert.equal(liveWorkers(), 0)
  })

  it('names a worker thread, even an unreferenced one', async () => {
    const check = noLeaks({ graceMs: 20 })
    const worker = new Worker(idle, { eval: true })
    await once(worker, 'online')
    worker.unref()
    await assert.rejects(check, /left behind after the test: .*worker thread/)
    await worker.terminate()
  })

  it('names a timer', async () => {
    const check = noLeaks({ graceMs: 20 })
    const timer = setTimeout(() => {}, 60_000)
    await assert.rejects(check, /left behind after the test: Timeout/)
    clearTimeout(timer)
  })

  it('names a listening socket', async () => {
    const check = noLeaks({ graceMs: 20 })
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    await assert.rejects(check, /TCPServerWrap/)
    listener.close()
    await once(listener, 'close')
  })

  it('names a message port', async () => {
    const check = noLeaks({ graceMs: 20 })
    const { port1, port2 } = new MessageChannel()
    port1.on('message', () => {})
    await assert.rejects(check, /MessagePort/)
    port1.close()
    port2.close()
  })

  it('names a child process', async () => {
    const check = noLeaks({ graceMs: 20 })
    const child = spawn(process.execPath, ['-e', idle], { stdio: 'ignore' })
    await assert.rejects(check, /ProcessWrap/)
    child.kill('SIGKILL')
    await once(child, 'close')
  })

  it('lets be what was there before', async () => {
    const timer = setTimeout(() => {}, 60_000)
    await noLeaks({ graceMs: 0 })()
    clearTimeout(timer)
  })
})
