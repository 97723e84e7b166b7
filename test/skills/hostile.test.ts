import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Run, runApp } from './support.ts'

describe('a skill that misbehaves', () => {
  let run: Run
  before(async () => {
    const calls = ['throws', 'hangs', 'never', 'late', 'huge', 'deep', 'acts']
    run = await runApp('idle', {
      ask: [
        { call: 'hostile_add', input: { left: 2 } },
        { call: 'hostile_add', input: { left: 'x' } },
        ...calls.map((name) => ({ call: `hostile_${name}`, timeoutMs: 1500 })),
        { call: 'nothing_here' },
        { snapshot: 'hostile' },
      ],
    })
  })

  it('leaves the application alive', () => {
    assert.equal(run.code, 7, run.stderr)
    assert.equal(run.stderr, '')
    assert.equal(run.answer('hostile')?.snapshot?.via, 'port')
  })

  it('gets its input checked by its own schema', () => {
    const [good, bad] = run.lines.filter((line) => line.asked === 'hostile_add')
    assert.equal(good?.value, 3)
    assert.equal(bad?.code, 'bad_input')
    assert.match(String(bad?.message), /left: .*number/)
  })

  const codes: readonly (readonly [string, string])[] = [
    ['hostile_throws', 'threw'],
    ['hostile_hangs', 'timeout'],
    ['hostile_never', 'timeout'],
    ['hostile_huge', 'too_large'],
    ['nothing_here', 'unknown_callback'],
  ]
  for (const [call, code] of codes) {
    it(`${call} is ${code}`, () => assert.equal(run.answer(call)?.code, code))
  }

  it('may take its time, while the loop turns', () => {
    assert.equal(run.answer('hostile_late')?.value, 'late')
  })

  it('sends no more than JSON', () => {
    assert.deepEqual(run.answer('hostile_deep')?.value, [
      null,
      null,
      null,
      '10',
      '1970-01-01T00:00:00.000Z',
      [['k', [1]]],
      { a: '[cycle]' },
    ])
  })
})
