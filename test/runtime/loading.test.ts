import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { child, refOf, startRuntime } from '../../runtime/index.ts'
import { WAIT } from '../conformance/placements.ts'
import { awaiting } from '../fixtures/runtime/awaiting.ts'
import { counter } from '../fixtures/runtime/counter.ts'

describe('a runtime without the options of the process', () => {
  it('starts what `require` can load, and what awaits at its top level', async () => {
    const runtime = await startRuntime({
      inheritExecArgv: false,
      children: [child(counter, { args: 7 }), child(awaiting)],
    })
    try {
      assert.equal(await refOf(counter).call('read', undefined, WAIT), 7)
      assert.equal(await refOf(awaiting).call('word', undefined, WAIT), 'waited')
    } finally {
      await runtime.stop()
    }
  })
})
