/** What a bad HTTP status of a model's provider means. */
import { isObject } from '../vocabulary/json.ts'
import type { ModelFailureKind } from '../vocabulary/model-reply.ts'
import { type JsonResponse, retryAfter } from './http-json.ts'
import type { ProviderFailure } from './provider.ts'

/** What the body of an error says, as far as it is understood. */
export interface ErrorBody {
  readonly message: string
  /** The provider's own words for the error: `type` and `code`, in one text. */
  readonly words: string
}

/** The failure that an answer with a bad status is. */
export function httpFailure(response: JsonResponse, now: number): ProviderFailure {
  const { status, headers } = response
  const body = errorBodyOf(response)
  if (status >= 300 && status < 400)
    return {
      kind: 'invalid_request',
      status,
      message: `the server redirects (${status}) to ${headers.get('location') ?? 'nowhere'}; give the right baseUrl, a key is not sent after a redirect`,
    }
  const retryAfterMs = retryAfter(headers, now)
  return {
    kind: kindOf(status, body),
    status,
    message: `${status}: ${body.message}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** `{ error: { message, type, code } }`, `{ error: "…" }` or `{ message, __type }`. */
export function errorBodyOf({ json, text, status }: JsonResponse): ErrorBody {
  const error = isObject(json) ? (json['error'] ?? json['Error'] ?? json) : undefined
  if (typeof error === 'string') return { message: error, words: '' }
  const found = isObject(error) ? (error['message'] ?? error['Message']) : undefined
  const message = typeof found === 'string' ? found : text.slice(0, 300).trim()
  const words = isObject(error)
    ? ['type', 'code', '__type', 'status'].map((key) => wordOf(error[key])).join(' ')
    : ''
  return { message: message === '' ? `status ${status} and no message` : message, words }
}

function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const tooLarge =
  /context[_ ](length|window)|prompt is too long|too many (input )?tokens|input is too long|maximum context|reduce the length|request_too_large|exceeds the (available )?context/i
const quota =
  /insufficient_quota|billing|credit balance|exceeded your current quota|out of credits/i
const refusal = /content_filter|content_policy|responsible ?ai|moderation/i

function kindOf(status: number, { message, words }: ErrorBody): ModelFailureKind {
  const all = `${words} ${message}`
  if (status === 402 || quota.test(all)) return 'quota_exhausted'
  if (status === 401 || (status === 403 && !refusal.test(all))) return 'auth'
  if (status === 404) return 'not_found'
  if (status === 413 || (status === 400 && tooLarge.test(all))) return 'too_large'
  if (refusal.test(all) && status < 429) return 'blocked'
  if (status === 429) return 'rate_limited'
  if (status >= 500 || [408, 409, 424, 425].includes(status)) return 'overloaded'
  return status >= 400 ? 'invalid_request' : 'bad_response'
}
