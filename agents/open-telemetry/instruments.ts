/** The metrics: made at the first number, when the application's SDK has long been set up. */
import type { AttributeValue, OtelMeter } from './api.ts'
import { attributes, metrics, type Semconv } from './names.ts'
import { present } from './span-book.ts'

type Given = Readonly<Record<string, AttributeValue | undefined>>

/** Powers of two from 10 ms to 82 s, as the conventions advise for durations. */
const secondBounds = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power)
/** Powers of four from 1 to 67 million, as the conventions advise for tokens. */
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power)
/** Powers of two from 1 to 128, as the conventions advise for calls. */
const callBounds = Array.from({ length: 8 }, (_, power) => 2 ** power)

/** Tokens of one turn. */
export interface TokenNumbers {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
  readonly costUsd: number | undefined
}

export class Instruments {
  readonly #meter: () => OtelMeter
  readonly #semconv: Semconv
  readonly #histograms = new Map<string, ReturnType<OtelMeter['createHistogram']>>()
  readonly #counters = new Map<string, ReturnType<OtelMeter['createCounter']>>()

  constructor(meter: () => OtelMeter, semconv: Semconv) {
    this.#meter = meter
    this.#semconv = semconv
  }

  inference(seconds: number, given: Given): void {
    const { inferenceDuration } = metrics[this.#semconv]
    this.#seconds(
      inferenceDuration,
      'Duration of a turn of a model, retries included.',
      seconds,
      given,
    )
  }

  tokens(numbers: TokenNumbers, given: Given): void {
    const { inputTokens, outputTokens, cachedTokens, reasoningTokens, costUsd } = numbers
    if (costUsd !== undefined)
      this.#add(metrics.own.costUsd, { unit: '{USD}', what: 'What models cost.' }, costUsd, given)
    if (this.#semconv === '1.41') {
      this.#oldTokens('input', inputTokens, given)
      this.#oldTokens('output', outputTokens, given)
      return
    }
    const { latest } = metrics
    const unit = '{token}'
    this.#add(latest.inputTokens, { unit, what: 'Input tokens.' }, inputTokens, given)
    this.#add(latest.outputTokens, { unit, what: 'Output tokens.' }, outputTokens, given)
    this.#add(latest.cachedTokens, { unit, what: 'Cached input tokens.' }, cachedTokens, given)
    this.#add(latest.reasoningTokens, { unit, what: 'Reasoning tokens.' }, reasoningTokens, given)
  }

  agent(
    seconds: number,
    { inferences, tools }: { readonly inferences: number; readonly tools: number },
    given: Given,
  ): void {
    if (this.#semconv === '1.41') return
    const { agentDuration, agentInferences, agentTools } = metrics.latest
    this.#seconds(agentDuration, 'Duration of an agent’s run.', seconds, given)
    const named = { [attributes.agentName]: given[attributes.agentName] }
    const calls = (name: string, unit: string, value: number): void =>
      this.#record(
        name,
        { unit, what: 'Calls in an agent’s run.', bounds: callBounds },
        value,
        named,
      )
    calls(agentInferences, '{inference_call}', inferences)
    calls(agentTools, '{tool_call}', tools)
  }

  workflow(seconds: number, given: Given): void {
    if (this.#semconv === '1.41') return
    this.#seconds(metrics.latest.workflowDuration, 'Duration of an investigation.', seconds, given)
  }

  tool(seconds: number, given: Given): void {
    if (this.#semconv === '1.41') return
    this.#seconds(metrics.latest.toolDuration, 'Duration of a tool.', seconds, given)
  }

  insight(severity: string | undefined): void {
    const given = { [attributes.severity]: severity }
    this.#add(metrics.own.insights, { unit: '{insight}', what: 'Insights.' }, 1, given)
  }

  #oldTokens(type: string, value: number, given: Given): void {
    const how = { unit: '{token}', what: 'Tokens used.', bounds: tokenBounds }
    this.#record(metrics['1.41'].tokens, how, value, { ...given, [attributes.tokenType]: type })
  }

  #seconds(name: string, what: string, value: number, given: Given): void {
    this.#record(name, { unit: 's', what, bounds: secondBounds }, value, given)
  }

  #record(
    name: string,
    how: { readonly unit: string; readonly what: string; readonly bounds: number[] },
    value: number,
    given: Given,
  ): void {
    const known = this.#histograms.get(name)
    const { unit, what: description, bounds: explicitBucketBoundaries } = how
    const advice = { explicitBucketBoundaries }
    const histogram = known ?? this.#meter().createHistogram(name, { description, unit, advice })
    if (known === undefined) this.#histograms.set(name, histogram)
    histogram.record(value, present(given))
  }

  #add(
    name: string,
    { unit, what: description }: { readonly unit: string; readonly what: string },
    value: number,
    given: Given,
  ): void {
    const known = this.#counters.get(name)
    const counter = known ?? this.#meter().createCounter(name, { description, unit })
    if (known === undefined) this.#counters.set(name, counter)
    counter.add(value, present(given))
  }
}
