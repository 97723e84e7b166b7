import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { birthOf, isGone, type Processes } from '../../../agents/storage/process-birth.ts'

const own = { id: 'own', pid: 1, host: 'here' }
const other = { id: 'other', pid: 2, host: 'here', birth: 'boot:5', seenAt: 1_000 }
const processes = (isAlive: boolean, birth?: string): Processes => ({
  isAlive: () => isAlive,
  birthOf: () => birth,
})

describe('a process that wrote a journal', () => {
  const cases: [string, Parameters<typeof isGone>, boolean][] = [
    ['is there while it lives', [other, own, 1e9, processes(true, 'boot:5')], false],
    ['is gone when nobody has its pid', [other, own, 1_001, processes(false)], true],
    ['is gone when another has its pid', [other, own, 1_001, processes(true, 'boot:9')], true],
    ['is there where births are not known', [other, own, 1_001, processes(true)], false],
    ['is gone when its pid is ours', [{ ...other, pid: 1 }, own, 1_001, processes(true)], true],
    [
      'is there while another host has seen it lately',
      [{ ...other, host: 'there' }, own, 100_000, processes(false)],
      false,
    ],
    [
      'is gone when another host has been silent for long',
      [{ ...other, host: 'there' }, own, 200_000, processes(true)],
      true,
    ],
  ]
  for (const [what, args, expected] of cases)
    it(what, () => assert.equal(isGone(...args), expected))

  it('has one birth for all of its life', { skip: process.platform !== 'linux' }, () => {
    assert.match(birthOf(process.pid) ?? '', /^[0-9a-f-]+:\d+$/)
    assert.equal(birthOf(process.pid), birthOf(process.pid))
  })
})
