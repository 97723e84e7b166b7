import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { parseAction } from '../../../agents/models/parse-action.ts'
import { coordinatorIntents } from '../../../agents/vocabulary/coordinator-action.ts'
import { operatorIntents } from '../../../agents/vocabulary/operator-action.ts'

const operator = toolSchemas({ agent: 'operator', tools: operatorIntents })
const coordinator = toolSchemas({ agent: 'coordinator', tools: coordinatorIntents })

const wait = { intent: 'wait', ms: 500 }
const notification =
  '{"intent":"send_notification","type":"t","severity":"warning","context":"c","observation":"o","snapshotIds":["s1"]'

describe('parseAction reads what models write', () => {
  const cases: [name: string, answer: string, action: unknown, repairs: string[]][] = [
    ['clean JSON', '{"intent":"wait","ms":500}', wait, []],
    ['a fenced block', '```json\n{"intent":"wait","ms":500}\n```', wait, ['fence']],
    ['prose around', 'Sure!\n{"intent":"wait","ms":500}\nHope it helps', wait, ['extracted']],
    ['unquoted keys, comma at the end', '{intent: "wait", ms: 500,}', wait, ['repaired']],
    ['single quotes', "{'intent': 'wait', 'ms': 500}", wait, ['repaired']],
    ['another spelling of the intent', '{"intent":"Wait","ms":500}', wait, ['enum:Wait->wait']],
    ['another spelling of a key', '{"Intent":"wait","ms":500}', wait, ['key:Intent->intent']],
    ['a number as text', '{"intent":"wait","ms":"500"}', wait, ['string->number']],
    ['a fraction for an integer', '{"intent":"wait","ms":499.7}', wait, ['rounded']],
    ['a wrapper', '{"tool":{"intent":"wait","ms":500}}', wait, ['unwrapped:tool']],
    ['a function call', '{"name":"wait","arguments":{"ms":500}}', wait, ['unwrapped:call']],
    ['the intent as key', '{"wait":{"ms":500}}', wait, ['unwrapped:key-as-intent']],
    [
      'a list of calls: the first',
      '[{"intent":"wait","ms":500},{"intent":"done"}]',
      wait,
      ['first-of-2'],
    ],
    ['keys it does not know', '{"intent":"wait","ms":500,"why":"x"}', wait, ['dropped:why']],
    [
      'a wait beyond the bound',
      '{"intent":"wait","ms":9e9}',
      { intent: 'wait', ms: 60_000 },
      ['clamped:9000000000->60000'],
    ],
    [
      'null for absent',
      '{"intent":"get_snapshots","limit":null}',
      { intent: 'get_snapshots' },
      ['absent:limit'],
    ],
    [
      'an object that nobody closed',
      '{"intent":"think","thought":"x"',
      { intent: 'think', thought: 'x' },
      ['closed'],
    ],
    [
      'raw newlines in a string',
      '{"intent":"think","thought":"a\nb"}',
      { intent: 'think', thought: 'a\nb' },
      ['repaired'],
    ],
    [
      'braces inside of strings',
      'x {"intent":"execute","code":"return {a=\\"}\\"}"}',
      { intent: 'execute', code: 'return {a="}"}' },
      ['extracted'],
    ],
  ]
  for (const [name, answer, action, repairs] of cases)
    it(name, () => assert.deepEqual(parseAction(operator, answer), { ok: true, action, repairs }))

  it('one id where a list is due', () => {
    const answer = notification.replace('["s1"]', '"s1"') + ',"hypothesis":null}'
    const parsed = parseAction(operator, answer)
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.repairs, ['wrapped-array', 'absent:hypothesis'])
    assert.deepEqual('snapshotIds' in parsed.action && parsed.action.snapshotIds, ['s1'])
    assert.ok(!('hypothesis' in parsed.action))
  })
  it('a sentence that is too long is cut', () => {
    const parsed = parseAction(
      operator,
      JSON.stringify({ intent: 'done', summary: 'x'.repeat(5000) }),
    )
    assert.ok(parsed.ok && parsed.action.intent === 'done')
    assert.equal(parsed.action.summary?.length, 1000)
    assert.deepEqual(parsed.repairs, ['shortened:5000->1000'])
  })
})

describe('parseAction refuses what it cannot be sure of', () => {
  const refused: [name: string, answer: string, issue: RegExp][] = [
    [
      'an invented intent',
      '{"intent":"resolve"}',
      /"resolve" is none; expected one of take_snapshot, /,
    ],
    ['no intent', '{"ms":5}', /intent is missing/],
    ['a tool of the other agent', '{"intent":"produce_insight"}', /produce_insight" is none/],
    ['a missing field', '{"intent":"wait"}', /wait\.ms: /],
    ['a duration in words', '{"intent":"wait","ms":"about 5 seconds"}', /wait\.ms: .*number/],
    [
      'a word outside the list',
      '{"intent":"set_state","state":"fine","reason":"x"}',
      /set_state\.state: /,
    ],
    ['an endless number', '{"intent":"wait","ms":5e999}', /./],
    ['no snapshots', notification.replace('["s1"]', '[]') + '}', /snapshotIds: /],
    ['prose', 'I would take a snapshot now.', /no JSON object/],
    ['nothing', '  ', /empty/],
    [
      'a script that ends in the middle',
      '{"intent":"execute","code":"return vm_',
      /inside of the script/,
    ],
  ]
  for (const [name, answer, issue] of refused)
    it(name, () => {
      const parsed = parseAction(operator, answer)
      assert.ok(!parsed.ok, JSON.stringify(parsed))
      assert.match(parsed.issues.join('\n'), issue)
    })

  it('an answer cut by the token limit, whatever a repair would make of it', () => {
    const answer = '{"intent":"done","summary":"all is we'
    assert.ok(parseAction(operator, answer).ok)
    const cut = parseAction(operator, answer, { truncated: true })
    assert.ok(!cut.ok)
    assert.match(cut.issues.join(), /cut off by the token limit/)
  })
  it('but a complete object before the cut counts', () => {
    const parsed = parseAction(operator, '{"intent":"wait","ms":500} and then {"inte', {
      truncated: true,
    })
    assert.deepEqual(parsed, { ok: true, action: wait, repairs: ['extracted'] })
  })
})

describe('parseAction under attack', () => {
  it('hostile answers end in time and never throw', () => {
    const hostile = [
      '{'.repeat(200_000),
      '['.repeat(200_000),
      '{"a":'.repeat(40_000),
      '"'.repeat(250_000),
      '```'.repeat(60_000),
      '{"intent":"wait","ms":1}'.repeat(10_000).replace('wait', 'x'),
      'x'.repeat(300_000),
    ]
    for (const answer of hostile) {
      const started = performance.now()
      parseAction(operator, answer)
      assert.ok(performance.now() - started < 5_000, answer.slice(0, 10))
    }
  })
  it('leaves prototypes alone', () => {
    const parsed = parseAction(
      operator,
      '{"intent":"done","__proto__":{"polluted":1},"constructor":1}',
    )
    assert.ok(parsed.ok)
    assert.deepEqual(Object.keys(parsed.action), ['intent'])
    assert.equal('polluted' in {}, false)
  })
  it('whatever is cut off a notification under the token limit is refused', () => {
    const whole = notification + '}'
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (end) => {
        assert.ok(!parseAction(operator, whole.slice(0, end), { truncated: true }).ok)
      }),
    )
  })
  it('any coordinator action survives writing and reading', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 50 }),
        (ids) => {
          const action = {
            intent: 'update_notification_statuses',
            notificationIds: ids,
            status: 'resolved',
          }
          assert.deepEqual(parseAction(coordinator, JSON.stringify(action)), {
            ok: true,
            action,
            repairs: [],
          })
        },
      ),
    )
  })
})
