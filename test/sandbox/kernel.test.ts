/** The parts without threads: what the watchdog decides, what the log keeps, what is copied. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AbortFanout } from '../../sandbox/abort-fanout.ts'
import { createControl, readSpent, stage, word } from '../../sandbox/control.ts'
import { defaultLimits } from '../../sandbox/index.ts'
import { appendLog, readLogs } from '../../sandbox/log-buffer.ts'
import { plainCopy } from '../../sandbox/plain-copy.ts'
import { graceMs, patienceMs } from '../../sandbox/watchdog.ts'

describe('patienceMs', () => {
  const limits = { cpuMs: 2000, wallMs: 15_000 }
  const cases: readonly (readonly [string, [number, number, boolean], boolean])[] = [
    ['a fresh script', [0, 0, false], true],
    ['one within its grace', [2500, 2500, false], true],
    ['one over CPU budget and grace', [3001, 3001, false], false],
    ['one over it that waits for a callback', [3001, 9000, true], true],
    ['one over the wall clock that waits', [100, 16_001, true], false],
    ['one over the wall clock', [100, 16_001, false], false],
  ]
  for (const [what, [luaMs, wallMs, isWaiting], isPatient] of cases) {
    it(`${isPatient ? 'waits for' : 'gives up'} ${what}`, () => {
      const spent = { luaMs, wallMs, callbackMs: wallMs - luaMs, isWaiting }
      assert.equal(patienceMs(spent, limits) > 0, isPatient)
      assert.ok(patienceMs(spent, limits) <= limits.cpuMs + graceMs)
    })
  }
})

describe('readSpent', () => {
  it('tells Lua time from callback time, the running callback included', () => {
    const control = createControl(defaultLimits)
    assert.equal(readSpent(control, 5000).wallMs, 0)
    Atomics.store(control.words, word.stage, stage.started)
    Atomics.store(control.words, word.startedUs, 10_000)
    Atomics.store(control.words, word.waitedUs, 20_000)
    Atomics.store(control.words, word.waitingSinceUs, 40_000)
    assert.deepEqual(readSpent(control, 110_000), {
      luaMs: 10,
      callbackMs: 90,
      wallMs: 100,
      isWaiting: true,
    })
  })
})

describe('the log buffer', () => {
  it('gives back whole lines up to its limit, and never half a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 20 }),
        fc.nat(200),
        (lines, logBytes) => {
          const control = createControl({ ...defaultLimits, logBytes })
          for (const line of lines) appendLog(control, line)
          const logs = readLogs(control)
          if (Atomics.load(control.words, word.logCut) === 0) return assert.deepEqual(logs, lines)
          const kept = logs.slice(0, -1)
          assert.ok(Buffer.byteLength(kept.join('\n')) <= logBytes)
          kept.forEach((line, index) => {
            const original = lines[index] ?? ''
            const isLast = index === kept.length - 1
            assert.ok(isLast ? original.startsWith(line) : original === line)
          })
        },
      ),
    )
  })
})

describe('plainCopy', () => {
  const budget = () => ({ bytes: 1000, nodes: 100, depth: 8, what: 'callback result' })

  it('copies own data and keeps nothing of the original', () => {
    class Row {
      id = 7
      get hidden(): number {
        return 1
      }
    }
    const original = {
      row: new Row(),
      set: new Set([1]),
      error: new TypeError('no'),
      list: [1, [2]],
    }
    const copy = plainCopy(original, budget())
    assert.deepEqual(copy, {
      row: { id: 7 },
      set: [1],
      error: { name: 'TypeError', message: 'no' },
      list: [1, [2]],
    })
  })

  it('counts a shared value every time, so that it cannot explode', () => {
    let value: unknown = [1]
    for (let i = 0; i < 7; i++) value = [value, value]
    assert.throws(() => plainCopy(value, budget()), { code: 'too_many_nodes' })
  })

  it('drops __proto__ and pollutes nothing', () => {
    const copy = plainCopy(JSON.parse('{"__proto__":{"polluted":1},"a":1}'), budget())
    assert.deepEqual(copy, { a: 1 })
    assert.equal(Reflect.get(Object(copy), 'polluted'), undefined)
  })

  it('takes any JSON within its budget', () => {
    const roomy = { bytes: 1e6, nodes: 1e6, depth: 100, what: 'callback result' }
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'))
        const expected = JSON.parse(JSON.stringify(value)) as unknown
        assert.deepEqual(JSON.parse(JSON.stringify(plainCopy(value, { ...roomy }))), expected)
      }),
    )
  })
})

describe('AbortFanout', () => {
  it('calls those who are still listening, once', () => {
    const fanout = new AbortFanout()
    const controller = new AbortController()
    const heard: string[] = []
    fanout.add(controller.signal, () => heard.push('a'))
    const leave = fanout.add(controller.signal, () => heard.push('b'))
    leave()
    leave()
    controller.abort()
    assert.deepEqual(heard, ['a'])
  })
})
