import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startCoordinatorRun } from '../../agents/loop/coordinator-start.ts'
import { Transcript } from '../../agents/servers/transcript.ts'
import { flawOf } from '../../agents/storage/record-rows.ts'
import type { ModelOutcome } from '../../agents/vocabulary/model-reply.ts'
import type { CoordinatorTurn } from '../../agents/vocabulary/model-request.ts'
import { startOf } from './support/journal-records.ts'
import { reply, t0 } from './support/kernel.ts'

const told: CoordinatorTurn = {
  type: 'event',
  event: { type: 'message', from: 'user', text: 'look' },
}
const outcome: ModelOutcome = { ok: true, reply: reply({ intent: 'wait' as const, ms: 1 }) }

/** A question as the coordinator's kernel asks it, with other turns. */
function question(turns: readonly CoordinatorTurn[], run = 'r1') {
  const [, effects] = startCoordinatorRun(startOf('r1'), t0)
  const asked = effects.find((effect) => effect.type === 'ask-model')
  if (asked?.type !== 'ask-model') return assert.fail('nothing was asked')
  return {
    key: `<1.2> ${run} q1`,
    run,
    request: 'q1',
    body: { ...asked.body, turns },
    deadlineAt: t0 + 1_000,
  }
}

describe('a transcript', () => {
  it('holds each turn of a conversation once', () => {
    const transcript = new Transcript()
    const first = transcript.turnOf(question([told]), outcome)
    const second = transcript.turnOf(question([told, told, told]), outcome)
    assert.deepEqual([first.heard.length, second.heard.length], [1, 2])
  })

  it('keeps the conversations of two agents apart', () => {
    const transcript = new Transcript()
    transcript.turnOf(question([told]), outcome)
    const other = transcript.turnOf(question([told], 'r1.vm.1'), outcome)
    assert.deepEqual([other.agent, other.heard.length], ['r1.vm.1', 1])
  })

  it('is what the journal promises', () => {
    assert.equal(flawOf(new Transcript().turnOf(question([told]), outcome)), undefined)
  })
})
