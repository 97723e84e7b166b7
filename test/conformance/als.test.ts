import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { call, exit, processInfo, self, startServer } from '../../runtime/index.ts'
import { slow } from '../fixtures/conformance/signal-servers.ts'
import { assertEmpty, inEachPlace, PLACES, useRuntime } from './placements.ts'

describe('ALS reply references', () => {
  useRuntime()

  inEachPlace(
    'ALS-010 a call that timed out leaves neither a late reply nor a DOWN behind',
    async (_, place) => {
      const server = await startServer(slow, undefined, { placement: PLACES[place], link: false })
      assert.ok(server)
      const pid = server.pid()
      await assert.rejects(call(pid, 'hold', undefined, { timeoutMs: 10 }), {
        code: 'ERR_CALL_TIMEOUT',
      })
      const watchers = (await processInfo(pid, 'monitoredBy'))?.monitoredBy
      assert.equal(watchers?.includes(self()), false)
      assert.equal(await call(pid, 'release'), 1)
      assert.equal(await call(pid, 'ping'), 'pong')
      exit(pid, { type: 'kill' })
      await assert.rejects(call(pid, 'ping'))
      await assertEmpty()
    },
    ['same thread', 'two threads', 'own thread'],
  )
})
