import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultLookoutOptions } from '../../agents/loop/lookout-state.ts'
import { parseOperatorModes } from '../../agents/operator-modes.ts'
import { parseSettings } from '../../agents/settings.ts'

const skills = ['vm', 'http']

describe('start({ operators })', () => {
  const accepted: [string, unknown, unknown][] = [
    ['nothing: all on demand', undefined, {}],
    ["'on_demand'", 'on_demand', {}],
    ["'continuous': all", 'continuous', { vm: defaultLookoutOptions, http: defaultLookoutOptions }],
    ['one by its name', { vm: 'continuous' }, { vm: defaultLookoutOptions }],
    ['one on demand', { vm: { mode: 'on_demand' } }, {}],
    [
      'a pace of its own',
      { http: { mode: 'continuous', lookMs: 10_000, tokensPerDay: 50_000 } },
      { http: { ...defaultLookoutOptions, lookMs: 10_000, tokensPerDay: 50_000 } },
    ],
  ]
  for (const [name, option, expected] of accepted) {
    it(`takes ${name}`, () => assert.deepEqual(parseOperatorModes(option, skills), expected))
  }
  const refused: [string, unknown, RegExp][] = [
    [
      'an unknown skill',
      { htp: 'continuous' },
      /unknown skill "htp"; did you mean "http"\? In use are vm, http/,
    ],
    ['an unknown mode', { vm: 'always' }, /mode: expected/],
    [
      'a mode for all that there is not',
      'always',
      /expected 'on_demand', 'continuous' or modes by skill/,
    ],
    [
      'an unknown key',
      { vm: { mode: 'continuous', look: 1 } },
      /unknown option "look"; did you mean "lookMs"/,
    ],
    ['a pace that would flood main', { vm: { mode: 'continuous', lookMs: 1 } }, /lookMs/],
    ['a list', ['vm'], /modes by skill/],
  ]
  for (const [name, option, message] of refused) {
    it(`refuses ${name}`, () =>
      assert.throws(() => parseOperatorModes(option, skills), { name: 'TypeError', message }))
  }
})

describe('NODELENS_CONTINUOUS', () => {
  const cases: [string, unknown][] = [
    ['vm, http', ['vm', 'http']],
    ['all', 'all'],
    ['off', undefined],
  ]
  for (const [value, expected] of cases) {
    it(`may be ${value}`, () => {
      const parsed = parseSettings({ NODELENS_CONTINUOUS: value })
      assert.deepEqual(parsed.ok && parsed.settings.continuous, expected)
    })
  }
  it('refuses what is no skill id', () => {
    const parsed = parseSettings({ NODELENS_CONTINUOUS: 'vm;http' })
    assert.equal(parsed.ok, false)
  })
})
