/**
 * One JSON request over HTTP, for the providers that need no client of their own. No retries (the
 * gateway's), no redirects (a key must not follow one), a bounded answer, and no error but
 * `ProviderError`.
 */
import { ProviderError, type ProviderFailure } from './provider.ts'

export interface JsonRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly signal: AbortSignal
}

/** An answer, whatever its status. `json` is undefined when the body was none. */
export interface JsonResponse {
  readonly status: number
  readonly headers: Headers
  readonly json: unknown
  readonly text: string
}

/** Bytes of an answer that are read; the longest real ones are some 200 kB. */
const maximumBytes = 8 * 1024 * 1024

/** @throws {ProviderError} `aborted`, `network`, `bad_response`; a bad status is not thrown. */
export async function postJson(request: JsonRequest): Promise<JsonResponse> {
  const { signal } = request
  if (signal.aborted) throw abortedError()
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...request.headers },
      body: JSON.stringify(request.body),
      redirect: 'manual',
      signal,
    })
    const text = await bodyOf(response)
    return { status: response.status, headers: response.headers, text, json: parse(text) }
  } catch (error) {
    if (error instanceof ProviderError) throw error
    if (signal.aborted) throw abortedError()
    throw new ProviderError({ kind: 'network', message: networkMessage(error) }, { cause: error })
  }
}

function abortedError(): ProviderError {
  return new ProviderError({ kind: 'aborted', message: 'aborted' })
}

async function bodyOf(response: Response): Promise<string> {
  const { body } = response
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > maximumBytes)
      throw new ProviderError({
        kind: 'bad_response',
        message: `the answer is longer than ${maximumBytes} bytes`,
      })
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `fetch` says only that it failed; why stands in its cause. */
function networkMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return `${error.message}: ${cause.message}${code}`
}

/** How long the answer asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (milliseconds >= 0) return Math.round(milliseconds)
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(value)) return Math.round(Number(value) * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Characters of a provider's message that are kept. */
const maximumMessage = 500

/** A failure fit to be told: without the secrets that a message may repeat, and short. */
export function tellableFailure(
  failure: ProviderFailure,
  secrets: readonly string[],
): ProviderError {
  const message = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[key]'), failure.message)
  return new ProviderError({ ...failure, message: message.slice(0, maximumMessage) })
}

/** For every provider: an answer that is not what its protocol says. */
export function unreadable({ json, text }: JsonResponse, issue: string): ProviderError {
  const message =
    json === undefined
      ? `the answer was not JSON: ${text.slice(0, 100)}`
      : `the answer has another shape than documented: ${issue}`
  return new ProviderError({ kind: 'bad_response', message })
}
