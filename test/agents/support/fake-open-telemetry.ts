/** An `@opentelemetry/api` of our own, by the shape of the published one: it keeps what it is told. */
import type {
  AttributeValue,
  OpenTelemetryApi,
  OtelSpan,
  SpanStart,
} from '../../../agents/open-telemetry/api.ts'

export interface FakeSpan extends OtelSpan {
  readonly name: string
  readonly kind: number
  readonly parent: FakeSpan | undefined
  readonly startTime: number
  readonly attributes: Record<string, AttributeValue>
  readonly events: { name: string; attributes: Record<string, AttributeValue>; time: number }[]
  status: { code: number; message?: string } | undefined
  endTime: number | undefined
}

export interface Measured {
  readonly name: string
  readonly value: number
  readonly attributes: Record<string, AttributeValue>
  readonly unit: string
}

interface FakeContext {
  readonly span?: FakeSpan
}

export interface FakeOpenTelemetry {
  readonly api: OpenTelemetryApi<FakeContext>
  readonly spans: readonly FakeSpan[]
  readonly measured: readonly Measured[]
}

/** @param isBroken Every call of the tracer throws. */
export function fakeOpenTelemetry({ isBroken = false } = {}): FakeOpenTelemetry {
  const spans: FakeSpan[] = []
  const measured: Measured[] = []
  const startSpan = (name: string, start: SpanStart, context: FakeContext): FakeSpan => {
    if (isBroken) throw new Error('the exporter is broken')
    const span = spanOf(name, start, context.span)
    spans.push(span)
    return span
  }
  const instrument = (name: string, { unit }: { unit: string }) => {
    const keep = (value: number, attributes: Record<string, AttributeValue>): void =>
      void measured.push({ name, value, attributes, unit })
    return { record: keep, add: keep }
  }
  const api: OpenTelemetryApi<FakeContext> = {
    ROOT_CONTEXT: {},
    trace: {
      getTracer: () => ({ startSpan }),
      setSpan: (_context, span) => ({ span: span as FakeSpan }),
    },
    metrics: { getMeter: () => ({ createHistogram: instrument, createCounter: instrument }) },
  }
  return { api, spans, measured }
}

/** As an SDK has it: nothing is taken after the end. */
function spanOf(
  name: string,
  { kind, startTime, attributes }: SpanStart,
  parent: FakeSpan | undefined,
): FakeSpan {
  const guard = (span: FakeSpan): void => {
    if (span.endTime !== undefined) throw new Error(`${name} was changed after its end`)
  }
  return {
    name,
    kind,
    parent,
    startTime,
    attributes,
    events: [],
    status: undefined,
    endTime: undefined,
    setAttributes(given) {
      guard(this)
      Object.assign(this.attributes, given)
    },
    setStatus(status) {
      guard(this)
      this.status = status
    },
    addEvent(event, given, time) {
      guard(this)
      this.events.push({ name: event, attributes: given, time })
    },
    end(time) {
      guard(this)
      this.endTime = time
    },
  }
}
