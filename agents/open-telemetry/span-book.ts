/**
 * Spans that have begun and not ended. Events come from other threads, some time after they
 * happened, so every span is given its times; its parent is named, never the active one.
 */
import {
  type AttributeValue,
  type OpenTelemetryApi,
  type OtelSpan,
  type OtelTracer,
  statusError,
} from './api.ts'
import { attributes as names } from './names.ts'

/** Spans that are open at a time; then the oldest is ended. */
const maxOpen = 2_000

/** One span to begin. */
export interface Beginning {
  readonly key: string
  /** Key of its parent; one that is not open makes this a root. */
  readonly parent?: string
  /** The investigation whose end ends it, whatever was not heard. */
  readonly runId: string
  readonly name: string
  readonly kind: number
  readonly at: number
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>
}

/** How a span ended. */
export interface Ending {
  readonly at: number
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>
  /** `error.type`; absent: it went well. */
  readonly error?: string | undefined
  readonly message?: string | undefined
}

interface Open {
  readonly span: OtelSpan
  readonly runId: string
  readonly startedAt: number
  readonly counts: Record<string, number>
}

export class SpanBook {
  readonly #api: OpenTelemetryApi
  readonly #tracer: () => OtelTracer<unknown>
  readonly #onFull: () => void
  readonly #open = new Map<string, Open>()

  constructor(api: OpenTelemetryApi, tracer: () => OtelTracer<unknown>, onFull: () => void) {
    this.#api = api
    this.#tracer = tracer
    this.#onFull = onFull
  }

  begin({ key, parent, runId, name, kind, at, attributes }: Beginning): void {
    if (this.#open.has(key)) return
    const above = parent === undefined ? undefined : this.#open.get(parent)?.span
    const { ROOT_CONTEXT, trace } = this.#api
    const context = above === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, above)
    const options = { kind, startTime: at, attributes: present(attributes) }
    const span = this.#tracer().startSpan(name, options, context)
    this.#open.set(key, { span, runId, startedAt: at, counts: {} })
    const [oldest] = this.#open.keys()
    if (this.#open.size <= maxOpen || oldest === undefined) return
    this.end(oldest, { at, error: 'too_many_spans' })
    this.#onFull()
  }

  /** Ends a span if it is open; says how many seconds it took. */
  end(
    key: string,
    { at, attributes = {}, error, message }: Ending,
  ): { readonly seconds: number } | undefined {
    const open = this.#open.get(key)
    if (open === undefined) return undefined
    this.#open.delete(key)
    const { span, startedAt } = open
    span.setAttributes(present({ ...attributes, [names.errorType]: error }))
    if (error !== undefined) {
      span.setStatus({ code: statusError, ...(message === undefined ? {} : { message }) })
    }
    span.end(Math.max(at, startedAt))
    return { seconds: Math.max(0, at - startedAt) / 1000 }
  }

  /** Adds to what is counted in an open span. */
  count(key: string, amounts: Readonly<Record<string, number>>): void {
    const counts = this.#open.get(key)?.counts
    if (counts === undefined) return
    for (const [name, amount] of Object.entries(amounts))
      counts[name] = (counts[name] ?? 0) + amount
  }

  /** What was counted in an open span so far. */
  countsOf(key: string): Readonly<Record<string, number>> {
    return this.#open.get(key)?.counts ?? {}
  }

  note(key: string, name: string, given: Beginning['attributes'], at: number): void {
    this.#open.get(key)?.span.addEvent(name, present(given), at)
  }

  /** Ends what is left of an investigation, or of all: its end was not heard. */
  abandon(at: number, of: { readonly runId?: string; readonly except?: string } = {}): void {
    const { runId, except } = of
    const left = [...this.#open].filter(
      ([key, open]) => key !== except && (runId === undefined || open.runId === runId),
    )
    // children first: they were opened later
    for (const [key] of left.reverse()) this.end(key, { at, error: 'abandoned' })
  }
}

/** Attributes that have a value. */
export function present(
  given: Readonly<Record<string, AttributeValue | undefined>>,
): Record<string, AttributeValue> {
  const result: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(given)) if (value !== undefined) result[name] = value
  return result
}
