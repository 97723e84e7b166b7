/**
 * Gemini through @google/generative-ai, used as a thin and well-known way to `generateContent`:
 * one request a call, no chat session (it sends roles that current models refuse and loses parts),
 * no `timeout` option (its timer is never cleared), no `text()` (it mixes thoughts into the answer).
 */
import { GoogleGenerativeAI } from '@google/generative-ai'
import { type Extras, ExtrasBook } from './extras.ts'
import { geminiBody, geminiCompletion } from './gemini-wire.ts'
import { convertError } from './google-ai-errors.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
} from './provider.ts'
import { secretsIn } from './secrets-in.ts'
import type { ProviderSetting } from './setting.ts'

/** A client of one Gemini model. */
export class GoogleAi implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  readonly #extras: ExtrasBook

  constructor(setting: ProviderSetting, now: () => number = Date.now) {
    this.name = `google-ai/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#extras = new ExtrasBook(setting, 'low')
  }

  complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return this.#extras.ask(async (extras) => {
      try {
        return await this.#complete(request, extras, signal)
      } catch (error) {
        throw convertError(error, secretsIn(this.#setting), this.#now())
      }
    })
  }

  async #complete(
    request: CompletionRequest,
    extras: Extras,
    signal: AbortSignal,
  ): Promise<Completion> {
    // the client sends its request even if the signal has long been aborted
    if (signal.aborted)
      throw new ProviderError({ kind: 'aborted', message: 'aborted before it began' })
    const { apiKey = '', model, baseUrl, apiVersion, headers } = this.#setting
    const client = new GoogleGenerativeAI(apiKey).getGenerativeModel(
      { model },
      {
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(apiVersion === undefined ? {} : { apiVersion }),
        ...(headers === undefined ? {} : { customHeaders: headers }),
      },
    )
    // the client never takes its listener off the signal: give it one that is thrown away
    const controller = new AbortController()
    const abort = () => controller.abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      const { response } = await client.generateContent(
        geminiBody(request, this.#setting, extras),
        {
          signal: controller.signal,
        },
      )
      return geminiCompletion(response)
    } catch (error) {
      if (signal.aborted) throw new ProviderError({ kind: 'aborted', message: 'aborted' })
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}
