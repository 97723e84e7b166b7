import type { TelemetryEvent } from '../telemetry.ts'
import { isObject } from '../vocabulary/json.ts'
import type { TokenNumbers } from './instruments.ts'

/** Reads an event's fields; what is not of the expected type is absent. */
export class Heard {
  readonly at: number
  readonly #data: Readonly<Record<string, unknown>>

  constructor({ at, data }: Pick<TelemetryEvent, 'at' | 'data'>) {
    this.at = at
    this.#data = data
  }

  get runId(): string {
    return this.text('runId') ?? ''
  }

  /** `coordinator`, or the skill of an operator. */
  get agentName(): string {
    return this.text('skill') ?? 'coordinator'
  }

  /** The span of the agent that the event is of. */
  get agentKey(): string {
    return `agent ${this.text('operator') ?? this.runId}`
  }

  get workflowKey(): string {
    return `workflow ${this.runId}`
  }

  get isCoordinator(): boolean {
    return this.text('agent') === 'coordinator'
  }

  text(field: string): string | undefined {
    return textOf(this.#data[field])
  }

  number(field: string): number | undefined {
    return numberOf(this.#data[field])
  }

  flag(field: string): boolean | undefined {
    const value = this.#data[field]
    return typeof value === 'boolean' ? value : undefined
  }

  /** A text within an object: `within('failure', 'kind')`. */
  within(field: string, inner: string): string | undefined {
    const value = this.#data[field]
    return isObject(value) ? textOf(value[inner]) : undefined
  }

  /** The tokens and the cost of a turn; a cost that is not known is absent. */
  get usage(): TokenNumbers {
    const value = this.#data['usage']
    const usage = isObject(value) ? value : {}
    return {
      inputTokens: numberOf(usage['inputTokens']) ?? 0,
      outputTokens: numberOf(usage['outputTokens']) ?? 0,
      cachedTokens: numberOf(usage['cachedTokens']) ?? 0,
      reasoningTokens: numberOf(usage['reasoningTokens']) ?? 0,
      costUsd: numberOf(usage['costUsd']),
    }
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
