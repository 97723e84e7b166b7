/** Plays a recorded run through the real gateway and counts what a provider would be sent. */
import { ModelGateway } from '../../agents/models/gateway.ts'
import type { Prompt } from '../../agents/models/prompt.ts'
import type { CompletionRequest, Provider } from '../../agents/models/provider.ts'
import { estimateTokens } from '../../agents/models/tokens.ts'
import type { Action } from '../../agents/vocabulary/model-request.ts'
import {
  answersOf,
  type RecordedConversation,
  type RecordedRun,
  requestsOf,
} from './recorded-run.ts'

/** Tokens by the estimate of `agents/models/tokens.ts`, three characters each. */
export interface Counted {
  readonly turns: number
  readonly inputTokens: number
  /** Of the input: sent before to the letter in the same run, from the beginning on. */
  readonly cachedTokens: number
  readonly outputTokens: number
}

/** Characters below which providers cache nothing: 1024 tokens. */
const leastCached = 1024 * 3

const nothing: Counted = { turns: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0 }

/** All conversations of a run. */
export async function countRun({ conversations }: RecordedRun): Promise<Counted> {
  const counted = []
  const sent: string[] = []
  for (const conversation of conversations)
    counted.push(await countConversation(conversation, sent))
  return sumOf(counted)
}

/**
 * One conversation, asked and answered as it was recorded.
 *
 * @param sent Prompts that a provider may have in its cache; those of this conversation are added.
 */
export async function countConversation(
  conversation: RecordedConversation,
  sent: string[] = [],
): Promise<Counted> {
  const answers = merged(answersOf(conversation))
  const requests = requestsOf(conversation).slice(0, answers.length)
  const counter = new Counter(answers, sent)
  const gateway = new ModelGateway({
    model: { type: 'provider', provider: 'google-ai', model: 'gemini-3.8-flash', apiKey: 'x' },
    fallback: 'none',
    lanes: { perMinute: 10_000 },
    loadProvider: () => Promise.resolve(counter.provider()),
  })
  for (const request of requests) {
    const outcome = await gateway.decide(request)
    if (!outcome.ok) throw new Error(`the replay failed: ${outcome.failure.message}`)
  }
  gateway.stop()
  return counter.counted
}

/** `rules` attests its state in a turn of its own; a model is told to do it with `done`. */
function merged(answers: readonly Action[]): Action[] {
  const [beforeLast, last] = answers.slice(-2)
  if (beforeLast?.intent !== 'set_state' || last?.intent !== 'done') return [...answers]
  return [...answers.slice(0, -2), { ...last, state: beforeLast.state }]
}

export function sumOf(all: readonly Counted[]): Counted {
  return all.reduce(
    (sum, one) => ({
      turns: sum.turns + one.turns,
      inputTokens: sum.inputTokens + one.inputTokens,
      cachedTokens: sum.cachedTokens + one.cachedTokens,
      outputTokens: sum.outputTokens + one.outputTokens,
    }),
    nothing,
  )
}

class Counter {
  readonly #answers: readonly Action[]
  readonly #sent: string[]
  counted = nothing

  constructor(answers: readonly Action[], sent: string[]) {
    this.#answers = answers
    this.#sent = sent
  }

  provider(): Provider {
    return {
      name: 'google-ai/gemini-3.8-flash',
      complete: (request) => Promise.resolve(this.#complete(request)),
    }
  }

  #complete({ prompt }: CompletionRequest) {
    const text = JSON.stringify(this.#answers[this.counted.turns])
    const sent = textOf(prompt)
    const tokens = {
      inputTokens: estimateTokens(sent.length),
      cachedTokens: estimateTokens(this.#cachedLength(sent)),
      outputTokens: estimateTokens(text.length),
    }
    this.#sent.push(sent)
    this.counted = sumOf([this.counted, { turns: 1, ...tokens }])
    return {
      text,
      finish: 'stop',
      detail: 'STOP',
      tokens: { ...tokens, reasoningTokens: 0 },
    } as const
  }

  #cachedLength(text: string): number {
    const longest = Math.max(0, ...this.#sent.map((before) => commonLength(before, text)))
    return longest >= leastCached ? longest : 0
  }
}

function textOf({ system, messages }: Prompt): string {
  return [system, ...messages.map(({ role, text }) => `${role}: ${text}`)].join('\n')
}

function commonLength(left: string, right: string): number {
  const most = Math.min(left.length, right.length)
  let length = 0
  while (length < most && left[length] === right[length]) length += 1
  return length
}
