import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runApp } from './support.ts'

describe('the end of main', () => {
  it('a crash is reported with its place, and Node prints and exits as ever', async () => {
    const run = await runApp('throw')
    assert.equal(run.code, 1)
    assert.match(run.stderr, /TypeError: the order has no customer/)
    assert.doesNotMatch(run.stderr, /Waiting for the debugger/)
    const [crash] = run.signals('crash')
    assert.equal(crash?.error.message, 'the order has no customer')
    assert.equal(crash?.error.survives, false)
    assert.equal(crash?.location.function, 'explode')
    assert.match(String(crash?.location.file), /test\/fixtures\/skills\/app\.ts$/)
  })

  it('an error that the application handles is reported, and costs it no wait', async () => {
    const run = await runApp('caught')
    assert.equal(run.code, 7, run.stderr)
    assert.equal(run.signals('crash')[0]?.error.survives, true)
  })

  for (const options of [[], ['--inspect=127.0.0.1:0']]) {
    it(`process.exit with the inspector session open keeps its code and says nothing (${options.join(' ') || 'plain'})`, async () => {
      const run = await runApp('exit', {}, options)
      assert.equal(run.code, 9)
      assert.ok(run.signals('stall').length >= 1, 'the session was in use')
      assert.doesNotMatch(run.stderr, /Waiting for the debugger to disconnect/)
    })
  }
})
