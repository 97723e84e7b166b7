import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Coordinator, start } from '../../agents/index.ts'
import type { CoordinatorResult } from '../../agents/loop/coordinator-run.ts'
import { type FakeAnswer, fakeGemini } from '../support/fake-gemini.ts'

const deadlineMs = 8_000

/** What a provider may do instead of answering. */
const failures: Record<string, FakeAnswer> = {
  'answers 429': { type: 'error', status: 429, message: 'Resource exhausted' },
  'answers 503': { type: 'error', status: 503, message: 'The model is overloaded' },
  'answers garbage': { type: 'raw', body: '<html>it works</html>', contentType: 'text/html' },
  'answers prose': { type: 'text', text: 'I would rather talk about the weather.' },
  'answers truncated JSON': {
    type: 'text',
    text: '{"intent":"invoke_opera',
    finishReason: 'MAX_TOKENS',
  },
  'never answers': { type: 'hang' },
  'never ends its answer': { type: 'endless', start: '{"candidates":[' },
  'closes the connection': { type: 'reset' },
}

describe('a provider that', () => {
  for (const [what, answer] of Object.entries(failures)) {
    it(`${what}: the run ends inside its deadline, and says who spoke`, async () => {
      const fake = await fakeGemini([answer])
      const lens = await start({
        skills: ['vm', 'vm_events'],
        model: {
          provider: 'google-ai',
          model: 'gemini-3.8-flash',
          apiKey: 'test-key-0123456789',
          baseUrl: fake.baseUrl,
        },
      })
      try {
        assert.equal(lens.model, 'google-ai/gemini-3.8-flash')
        const startedAt = Date.now()
        const result = await Coordinator.run({ reason: 'p99 doubled' }, { deadlineMs }).catch(
          failedResult,
        )
        const tookMs = Date.now() - startedAt
        assert.ok(tookMs < deadlineMs + 3_000, `${tookMs} ms`)
        assert.ok(fake.requests.length > 0)
        if (result.outcome === 'failed') assert.equal(result.failure?.type, 'model-failure')
        else assert.deepEqual(result.models, ['rules'])
      } finally {
        await lens.stop()
        await fake.stop()
      }
    })
  }
})

/** A run that failed is an error with a code that holds what is known. */
function failedResult(error: unknown): CoordinatorResult {
  const { code, result } = error as { code?: string; result?: CoordinatorResult }
  assert.equal(code, 'ERR_RUN_FAILED')
  return result ?? assert.fail('the error holds no result')
}
