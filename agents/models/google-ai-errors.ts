/**
 * Turns what @google/generative-ai throws into plain data. Its errors are all named "Error", drop
 * their cause and the response's headers, and carry functions that do not clone; the retry delay
 * stands in `errorDetails`.
 */
import { GoogleGenerativeAIFetchError } from '@google/generative-ai'
import { geminiFailure } from './gemini-failure.ts'
import { tellableFailure } from './http-json.ts'
import { ProviderError, type ProviderFailure } from './provider.ts'

/**
 * @param secrets Replaced wherever the message repeats them.
 * @param now For the moment at which a daily quota begins anew.
 */
export function convertError(
  error: unknown,
  secrets: readonly string[],
  now: number,
): ProviderError {
  if (error instanceof ProviderError) return error
  const failure =
    error instanceof GoogleGenerativeAIFetchError ? httpFailure(error, now) : otherFailure(error)
  return tellableFailure(failure, secrets)
}

function httpFailure(error: GoogleGenerativeAIFetchError, now: number): ProviderFailure {
  const message = error.message.replace(/^\[GoogleGenerativeAI Error\]: /, '')
  return geminiFailure(error.status ?? 0, { message, details: error.errorDetails }, now)
}

function otherFailure(error: unknown): ProviderFailure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof SyntaxError)
    return { kind: 'bad_response', message: `the answer was not JSON: ${message}` }
  // a connection that breaks while the body is read is a TypeError with the socket's error inside
  if (error instanceof TypeError && error.cause === undefined)
    return { kind: 'bad_response', message: `the answer was not understood: ${message}` }
  return { kind: 'network', message: message.replace(/^\[GoogleGenerativeAI Error\]: /, '') }
}
