import assert from 'node:assert/strict'
import { ProviderError, type ProviderFailure } from '../../../../agents/models/provider.ts'

/** The failure of a provider that was expected; it can travel between threads as it is. */
export async function failureOf(promise: Promise<unknown>): Promise<ProviderFailure> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof ProviderError, String(error))
    assert.deepEqual(structuredClone(error.failure), error.failure)
    return error.failure
  }
  throw new Error('expected a failure')
}
