import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BuiltInSkill } from '../../skills/built-in-skill.ts'
import { contained } from '../../skills/gateway/contained.ts'

const skill: BuiltInSkill = {
  id: 'any',
  title: 'Any',
  description: 'A skill.',
  systemPrompt: 'All is normal.',
  watch: [],
  drilldown: [],
  snapshot: async () => ({ data: {}, via: 'outside' }),
  callbacks: {},
}

describe("a skill's half", () => {
  it('keeps what it throws to itself, and tells it once', () => {
    const told: string[] = []
    const half = contained(
      {
        skill,
        tick: () => {
          throw new TypeError('no such field')
        },
      },
      (what, message) => told.push(`${what}: ${message}`),
    )
    half.tick?.(1)
    half.tick?.(2)
    assert.deepEqual(told, ['tick: no such field'])
  })

  it('has the ears that it had, with its own this', () => {
    class Half {
      readonly skill = skill
      heard = 0
      hear(): void {
        this.heard += 1
      }
    }
    const own = new Half()
    const half = contained(own, assert.fail)
    half.hear?.(null, 1)
    assert.equal(own.heard, 1)
    assert.deepEqual(Object.keys(half).sort(), ['hear', 'skill'])
  })
})
