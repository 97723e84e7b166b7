/** Fields of a request that a model may refuse: left out after it did, and not sent again. */
import { ProviderError } from './provider.ts'
import type { ProviderSetting, ThinkingLevel } from './setting.ts'

export interface Extras {
  /** The schema of the answer. */
  readonly schema: boolean
  /** How hard to think. */
  readonly thinking: boolean
}

const complaints: Readonly<Record<keyof Extras, RegExp>> = {
  thinking: /thinking|reasoning|effort/i,
  schema: /schema|response_?(format|mime)|output_config|json mode|states? for serving|grammar/i,
}

/** Remembers which extras a model takes. */
export class ExtrasBook {
  #extras: Extras

  /** @param usualThinking The level that is asked for when the setting names none. */
  constructor({ structured, thinkingLevel }: ProviderSetting, usualThinking: ThinkingLevel) {
    this.#extras = {
      schema: structured !== 'off',
      thinking: (thinkingLevel ?? usualThinking) !== 'off',
    }
  }

  /** Asks with the extras that are left; a 400 that complains about one is asked again without it. */
  async ask<T>(request: (extras: Extras) => Promise<T>): Promise<T> {
    const extras = this.#extras
    try {
      return await request(extras)
    } catch (error) {
      const refused = refusedExtra(error, extras)
      if (refused === undefined) throw error
      this.#extras = { ...this.#extras, [refused]: false }
      return this.ask(request)
    }
  }
}

function refusedExtra(error: unknown, extras: Extras): keyof Extras | undefined {
  if (!(error instanceof ProviderError) || error.failure.kind !== 'invalid_request')
    return undefined
  const { message } = error.failure
  if (extras.thinking && complaints.thinking.test(message)) return 'thinking'
  return extras.schema && complaints.schema.test(message) ? 'schema' : undefined
}
