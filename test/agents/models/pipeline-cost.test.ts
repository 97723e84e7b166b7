import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { rules } from '../../../agents/models/rules/rules.ts'
import { systemText } from '../../../agents/models/system-text.ts'
import { estimateTokens } from '../../../agents/models/tokens.ts'
import { coordinatorActionSchema } from '../../../agents/vocabulary/coordinator-action.ts'
import type { RunStrategy } from '../../../agents/vocabulary/strategy.ts'
import { Bench, ofType } from '../support/bench.ts'

interface Cost {
  readonly questions: number
  readonly tokens: number
  readonly insights: number
}

/** Plays one incident, two operators of which one sees it, and counts what would be sent. */
function investigate(strategy: RunStrategy): Cost {
  const bench = new Bench({}, { strategy })
  let questions = 0
  let characters = 0
  for (let turn = 0; turn < 20 && bench.phase !== 'ended'; turn++) {
    if (bench.phase === 'waiting' || bench.phase === 'deferring') {
      for (const { runId, skill } of bench.run.operators) {
        if (skill === 'vm_events') bench.notifies(runId)
        bench.completes(runId)
      }
      continue
    }
    const request = ofType(bench.effects, 'ask-model').at(-1)?.body
    if (request === undefined) break
    questions += 1
    characters += systemText(request, toolSchemas(request), { tag: 'tag', secrets: [] }).length
    characters += JSON.stringify(request.turns).length
    bench.says(v.parse(coordinatorActionSchema, rules(request)))
  }
  return { questions, tokens: estimateTokens(characters), insights: bench.result.insights.length }
}

describe('the pipeline', () => {
  it('comes to the same insights as the loop for a fraction of its tokens', (test) => {
    const loop = investigate('agent-loop')
    const pipeline = investigate('pipeline')
    test.diagnostic(JSON.stringify({ loop, pipeline }))
    assert.deepEqual([pipeline.insights, loop.insights], [1, 1])
    assert.equal(pipeline.questions, 2)
    assert.ok(pipeline.tokens * 2 < loop.tokens, `${pipeline.tokens} of ${loop.tokens}`)
  })
})
