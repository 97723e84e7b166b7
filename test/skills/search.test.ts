import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compilePattern, findPattern } from '../../skills/search/matcher.ts'
import { searchTexts } from '../../skills/search/search-texts.ts'
import { PatternError } from '../../skills/search/syntax.ts'

function finds(pattern: string, text: string): boolean | undefined {
  return findPattern(compilePattern(pattern), text, { left: 1_000_000 })
}

describe('findPattern', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['', 'anything', true],
    ['timeout', 'Request TIMEOUT of 5 s', true],
    ['^a.c$', 'abc', true],
    ['^a.c$', 'abcd', false],
    ['a|b|cd', 'xxcd', true],
    ['(?:ab)+c', 'ababc', true],
    ['[^0-9]x', '1x', false],
    ['[a-f-]{3}', 'a-f', true],
    ['\\d{2,3}ms', 'took 5ms', false],
    ['\\d{2,3}ms', 'took 555ms', true],
    ['\\berr\\b', 'an err here', true],
    ['\\berr\\b', 'error', false],
    ['\\Brr\\B', 'error', true],
    ['a{,3}', 'a{,3}', true],
    ['\\x', 'x', true],
    ['a.b', 'a\nb', false],
    ['(a*)*b', 'aaab', true],
    ['x?y', 'y', true],
  ]
  for (const [pattern, text, expected] of cases)
    it(`${pattern} in ${JSON.stringify(text)}: ${expected}`, () =>
      assert.equal(finds(pattern, text), expected))

  const bad = [
    '(',
    ')',
    '[a',
    '*',
    'a**?+(',
    '\\',
    '(?=a)',
    '(a)\\1',
    'a{5,2}',
    'a{200}',
    '[z-a]',
    '('.repeat(80) + ')'.repeat(80),
    '((a{100}){100}){100}',
  ]
  for (const pattern of bad)
    it(`refuses ${pattern.slice(0, 20)}`, () =>
      assert.throws(() => compilePattern(pattern), PatternError))

  it('agrees with the engine of JavaScript on what both know', () => {
    const letter = fc.constantFrom(
      'a',
      'b',
      'B',
      '.',
      '\\d',
      '\\w',
      '[ab]',
      '[^a]',
      '^',
      '$',
      '\\b',
    )
    const atom = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        letter,
        fc.tuple(tie('node'), tie('node')).map(([left, right]) => `${left}${right}`),
        fc.tuple(tie('node'), tie('node')).map(([left, right]) => `(?:${left}|${right})`),
        fc
          .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{1,2}', '{2}'))
          .map(([inner, how]) => `(?:${inner})${how}`),
      ),
    })).node
    fc.assert(
      fc.property(
        atom,
        fc.string({ unit: fc.constantFrom('a', 'b', 'A', '1', '\n', ' '), maxLength: 8 }),
        (pattern, text) => {
          assert.equal(
            finds(pattern, text),
            new RegExp(pattern, 'i').test(text),
            `${pattern} on ${JSON.stringify(text)}`,
          )
        },
      ),
      { numRuns: 1000 },
    )
  })

  const hostile: readonly (readonly [string, string])[] = [
    ['^(a+)+$', `${'a'.repeat(3900)}!`],
    ['(a|a)*b', 'a'.repeat(4000)],
    ['(.*)*(.*)*(.*)*x', 'y'.repeat(4000)],
    ['(?:a?){100}a{100}', 'a'.repeat(99)],
  ]
  for (const [pattern, text] of hostile)
    it(`is not slowed down by ${pattern}`, async () => {
      const rows = Array.from({ length: 300 }, () => ({ text }))
      const startedAt = process.cpuUsage()
      await searchTexts(rows, (row) => row.text, pattern, 10)
      const { user } = process.cpuUsage(startedAt)
      assert.ok(user < 3_000_000, `${user / 1000} ms of CPU`)
    })
})

describe('searchTexts', () => {
  const rows = ['one error', 'two', 'three errors'].map((text) => ({ text }))

  it('keeps the order and stops at the limit', async () => {
    const found = await searchTexts(rows, (row) => row.text, 'error', 1)
    assert.deepEqual(found, {
      matches: [{ text: 'one error' }],
      searched: 1,
      of: 3,
      isComplete: true,
    })
  })

  it('says when it could not look at all', async () => {
    const many = Array.from({ length: 5000 }, () => ({ text: 'ab'.repeat(2000) }))
    const found = await searchTexts(many, (row) => row.text, '(a|b)*c', 10)
    assert.equal(found['isComplete'], false)
    assert.ok(Number(found['searched']) < 5000)
  })

  it('calls a wrong pattern bad input', async () => {
    await assert.rejects(async () => searchTexts(rows, (row) => row.text, '(', 1), {
      code: 'bad_input',
    })
  })
})
