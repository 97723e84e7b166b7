/** The door to OpenTelemetry: options checked, the API found, the bridge subscribed. */
import * as v from 'valibot'
import { describeValue, parseOptions } from '../misuse.ts'
import { telemetry } from '../telemetry.ts'
import {
  hasFunction,
  isOpenTelemetryApi,
  loadOpenTelemetryApi,
  type OpenTelemetryApi,
  type OtelMeter,
  type OtelTracer,
} from './api.ts'
import { Bridge } from './bridge.ts'
import type { Semconv } from './names.ts'

/** What {@link connectOpenTelemetry} takes; all of it has a default. */
export interface OpenTelemetryOptions {
  /** The module `@opentelemetry/api`. Default: the application's own is loaded. */
  readonly api?: OpenTelemetryApi
  /** Default: `api.trace.getTracer('nodelens')`. */
  readonly tracer?: OtelTracer<unknown>
  /** Default: `api.metrics.getMeter('nodelens')`, asked for at the first number. */
  readonly meter?: OtelMeter
  /** Which metric names: those of now, or those of release 1.41 that many backends expect. Default `latest`. */
  readonly semconv?: Semconv
  /**
   * Reasons of runs, summaries of insights and messages of failed tools are told too. They may hold
   * data of the application. Default false.
   */
  readonly content?: boolean
}

const what = 'connectOpenTelemetry(options)'
const expected = {
  api: 'the module @opentelemetry/api',
  tracer: 'a tracer: { startSpan }',
  meter: 'a meter: { createHistogram, createCounter }',
}

const schema = v.strictObject({
  api: v.exactOptional(v.unknown()),
  tracer: v.exactOptional(v.unknown()),
  meter: v.exactOptional(v.unknown()),
  semconv: v.exactOptional(v.picklist(['latest', '1.41'])),
  content: v.exactOptional(v.boolean()),
})

/**
 * Makes OpenTelemetry spans and metrics of what nodelens does. Call it in the main thread, where the
 * application's SDK is; before or after `start()`.
 *
 * Nothing that the SDK throws reaches nodelens or the application: it is a `telemetry:listener-failed`.
 *
 * @returns Ends it: what is open is ended, nothing more is told.
 * @throws {TypeError} Options that cannot be meant, or no `@opentelemetry/api` to load; nothing was connected.
 */
export function connectOpenTelemetry(options: OpenTelemetryOptions = {}): () => void {
  const parsed = parseOptions(what, schema, options)
  const { semconv = 'latest', content = false } = parsed
  const given = (key: 'api' | 'tracer' | 'meter'): boolean => parsed[key] !== undefined
  const tracer = given('tracer') ? checked(parsed.tracer, isTracer, 'tracer') : undefined
  const meter = given('meter') ? checked(parsed.meter, isMeter, 'meter') : undefined
  const api = given('api') ? checked(parsed.api, isOpenTelemetryApi, 'api') : loadOpenTelemetryApi()
  const bridge = new Bridge({
    api,
    tracer: () => tracer ?? api.trace.getTracer('nodelens'),
    meter: () => meter ?? api.metrics.getMeter('nodelens'),
    semconv,
    content,
  })
  const ends = bridge.patterns.map((pattern) =>
    telemetry.subscribe(pattern, (event) => bridge.hear(event)),
  )
  return () => {
    for (const end of ends) end()
    bridge.stop()
  }
}

function checked<Value>(
  value: unknown,
  isValue: (given: unknown) => given is Value,
  key: keyof typeof expected,
): Value {
  if (isValue(value)) return value
  throw new TypeError(`${what}: ${key}: expected ${expected[key]}; got ${describeValue(value)}`)
}

function isTracer(value: unknown): value is OtelTracer<unknown> {
  return hasFunction(value, 'startSpan')
}

function isMeter(value: unknown): value is OtelMeter {
  return hasFunction(value, 'createHistogram') && hasFunction(value, 'createCounter')
}
