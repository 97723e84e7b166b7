import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Run, runApp } from './support.ts'

describe('a skill that misbehaves', () => {
  let run: Run
  before(async () => {
    const calls =
      'throws hangs never late huge deep acts rejects throws_oddly bytes text list endless getter json thenable'.split(
        ' ',
      )
    run = await runApp('idle', {
      ask: [
        { call: 'hostile_add', input: { left: 2 } },
        { call: 'hostile_add', input: { left: 'x' } },
        ...calls.map((name) => ({ call: `hostile_${name}`, timeoutMs: 1500 })),
        { call: 'nothing_here' },
        ...['breaks', 'loops', 'waits', 'floods'].map((name) => ({
          snapshot: name,
          timeoutMs: 1500,
        })),
        [
          { call: 'hostile_never', timeoutMs: 4000 },
          { snapshot: 'waits', timeoutMs: 4000 },
          { call: 'hostile_hangs', timeoutMs: 1500 },
          { call: 'hostile_add', input: { left: 40, right: 2 } },
        ],
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
    ['hostile_huge', 'too_large'],
    ['hostile_list', 'too_large'],
    ['hostile_endless', 'too_large'],
    ['hostile_getter', 'timeout'],
    ['hostile_rejects', 'threw'],
    ['hostile_throws_oddly', 'threw'],
    ['nothing_here', 'unknown_callback'],
    ['breaks', 'threw'],
    ['loops', 'timeout'],
    ['floods', 'too_large'],
  ]
  for (const [call, code] of codes) {
    it(`${call} is ${code}`, () => assert.equal(run.answer(call)?.code, code))
  }

  // Which of the two it is depends on whether the machine let main's heartbeat come in time.
  for (const call of ['hostile_never', 'hostile_thenable', 'waits'])
    it(`${call} never settles, and is given up`, () =>
      assert.match(String(run.answer(call)?.code), /^(?:timeout|main_blocked)$/))

  it('says what it threw', () => {
    assert.match(String(run.answer('breaks')?.message), /TypeError: no queue/)
  })

  it('sends a long text cut, and of bytes their number', () => {
    assert.equal(String(run.answer('hostile_text')?.value).length, 16_385)
    assert.equal(run.answer('hostile_bytes')?.value, '[4000000 bytes]')
  })

  it('is not asked for its own idea of JSON', () => {
    assert.deepEqual(run.answer('hostile_json')?.value, { count: 1 })
  })

  it('holds up nobody else while it hangs', () => {
    const asked = run.lines.map((line) => line.asked)
    const others = run.lines.filter((line) => line.asked === 'hostile_add').at(-1)
    assert.equal(others?.value, 42)
    assert.ok(
      asked.lastIndexOf('hostile_add') < asked.lastIndexOf('waits'),
      'the answer comes before the one that is never given',
    )
  })

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
