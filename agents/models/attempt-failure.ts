/** Failures of one attempt as plain data, and promises that end with a signal. */
import type { ModelFailureKind } from '../vocabulary/model-reply.ts'
import { ProviderError, type ProviderFailure } from './provider.ts'

/** A failure as the result of an attempt. */
export function fail(
  kind: ModelFailureKind,
  message: string,
  rest: Partial<ProviderFailure> = {},
): { readonly ok: false; readonly failure: ProviderFailure } {
  return { ok: false, failure: { ...rest, kind, message } }
}

/** Plain data of whatever was thrown. */
export function failureOf(error: unknown): ProviderFailure {
  if (error instanceof ProviderError) return error.failure
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'unknown', message: message.slice(0, 500) }
}

/** The frame's signal is aborted with a `ProviderError` that says why. */
export function abortFailure(signal: AbortSignal): ProviderFailure {
  const reason: unknown = signal.reason
  return reason instanceof ProviderError ? reason.failure : { kind: 'aborted', message: 'aborted' }
}

/** Rejects when the signal aborts, even if the promise never settles. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(failureError(signal.reason))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject)
  })
}

function failureError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new ProviderError({ kind: 'aborted', message: 'aborted' })
}
