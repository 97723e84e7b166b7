import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { receiveForwarded, type TelemetryEvent, telemetry } from '../../agents/telemetry.ts'
import type { Script } from './fixtures/stand-ins.ts'
import { startHouse } from './support/house.ts'
import { begin } from './support/runs.ts'

after(receiveForwarded())

/** Each of them would hold a thread for ever, or eat its memory. */
const hostile = {
  'an endless loop': 'while true do end',
  'an endless string.find':
    "return string.find(string.rep('a', 2^20), string.rep('.-', 40) .. 'b')",
  'a memory eater': "local t = {} while true do t[#t + 1] = string.rep('x', 2^16) .. #t end",
}

describe("hostile scripts in an operator's hands", () => {
  it('are stopped within their budget, their operator goes on, and others are not held up', async () => {
    const codes = Object.values(hostile)
    const script: Script = {
      coordinator: [
        { intent: 'invoke_operators', skills: ['vm', 'tables'] },
        { intent: 'done' },
        'insight',
      ],
      vm: [
        ...codes.map((code) => ({ intent: 'execute' as const, code })),
        { intent: 'take_snapshot' },
        'notify',
        { intent: 'done' },
      ],
      tables: Array.from({ length: 12 }, () => ({
        intent: 'execute' as const,
        code: 'return 1 + 1',
      })),
    }
    const executed: TelemetryEvent[] = []
    const stop = telemetry.subscribe('operator:executed', (event) => executed.push(event))
    const runtime = await startHouse(script, { realSandbox: true })
    try {
      const startedAt = Date.now()
      const { outcome, operatorResults, insights } = await (await begin(100_000)).result
      assert.equal(outcome, 'done')
      assert.deepEqual(
        operatorResults.map(({ status }) => status),
        ['completed', 'completed'],
      )
      assert.equal(insights.length, 1)
      const of = (skill: string) => executed.filter(({ data }) => data['skill'] === skill)
      const codesSeen = of('vm').map(({ data }) => String(data['code']))
      assert.equal(codesSeen.length, codes.length)
      for (const code of codesSeen) {
        assert.ok(['timeout', 'hard_timeout', 'memory', 'thread_oom'].includes(code), code)
      }
      // 2 s of CPU each, and what a busy machine adds.
      const ends = [startedAt, ...of('vm').map(({ at }) => at)]
      for (const [index, at] of ends.slice(1).entries()) {
        assert.ok(
          at - (ends[index] ?? at) < 15_000,
          `script ${index} took ${at - (ends[index] ?? at)} ms`,
        )
      }
      const lastInnocent = Math.max(...of('tables').map(({ at }) => at))
      const lastHostile = Math.max(...of('vm').map(({ at }) => at))
      assert.equal(of('tables').filter(({ data }) => data['ok'] === true).length, 12)
      assert.ok(lastInnocent < lastHostile, 'twelve small scripts waited for three hostile ones')
    } finally {
      stop()
      await runtime.stop()
    }
  })
})
