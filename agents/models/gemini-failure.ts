/** What an error of Gemini means: its details say more than its status. */
import { isObject } from '../vocabulary/json.ts'
import type { ModelFailureKind } from '../vocabulary/model-reply.ts'
import type { ProviderFailure } from './provider.ts'

/** The failure that an answer of Gemini with a bad status is. */
export function geminiFailure(
  status: number,
  error: { readonly message: string; readonly details: unknown },
  now: number,
): ProviderFailure {
  const { message } = error
  const details: readonly unknown[] = Array.isArray(error.details) ? error.details : []
  const common = { message, status }
  if (status === 429 && isDailyQuota(details))
    return { ...common, kind: 'quota_exhausted', resetAt: nextPacificMidnight(now) }
  const retryAfterMs = retryDelay(details)
  return {
    ...common,
    kind: kindOf(status, message, details),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function kindOf(status: number, message: string, details: readonly unknown[]): ModelFailureKind {
  // a bad key is answered with 400 and this reason, not with 401
  const isKey = details.some((detail) => isObject(detail) && detail['reason'] === 'API_KEY_INVALID')
  if (isKey || status === 401 || status === 403) return 'auth'
  if (status === 402) return 'quota_exhausted'
  if (status === 404) return 'not_found'
  if (status === 413 || (status === 400 && /token count|too (large|long)/i.test(message)))
    return 'too_large'
  if (status === 429) return 'rate_limited'
  if (status >= 500 || [408, 409, 425].includes(status)) return 'overloaded'
  return status >= 400 ? 'invalid_request' : 'bad_response'
}

/** `RetryInfo { retryDelay: "17s" }` in milliseconds. */
function retryDelay(details: readonly unknown[]): number | undefined {
  const info = details.find((detail) => typeOf(detail).endsWith('RetryInfo'))
  const delay = isObject(info) ? info['retryDelay'] : undefined
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN
  return Number.isFinite(seconds) && seconds >= 0 ? Math.round(seconds * 1000) : undefined
}

/** `QuotaFailure { violations: [{ quotaId: "GenerateRequestsPerDay…" }] }`. */
function isDailyQuota(details: readonly unknown[]): boolean {
  const failure = details.find((detail) => typeOf(detail).endsWith('QuotaFailure'))
  return failure !== undefined && /PerDay|per_day/.test(JSON.stringify(failure))
}

function typeOf(detail: unknown): string {
  const type = isObject(detail) ? detail['@type'] : undefined
  return typeof type === 'string' ? type : ''
}

/**
 * Daily quotas begin anew at midnight Pacific time.
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function nextPacificMidnight(now: number): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles',
    hourCycle: 'h23',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]))
  const seconds =
    (parts.get('hour') ?? 0) * 3600 + (parts.get('minute') ?? 0) * 60 + (parts.get('second') ?? 0)
  return now - (now % 1000) + (86_400 - seconds) * 1000
}
