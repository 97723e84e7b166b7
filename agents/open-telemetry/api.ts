/**
 * As much of `@opentelemetry/api` (1.4 and newer) as nodelens uses, by shape: the package is the
 * application's own, and nodelens neither brings nor needs one.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isObject } from '../vocabulary/json.ts'

export type AttributeValue = string | number | boolean | readonly string[]

/** A span; times are epoch milliseconds. */
export interface OtelSpan {
  setAttributes(attributes: Record<string, AttributeValue>): unknown
  setStatus(status: { code: number; message?: string }): unknown
  addEvent(name: string, attributes: Record<string, AttributeValue>, time: number): unknown
  end(time: number): void
}

export interface SpanStart {
  kind: number
  startTime: number
  attributes: Record<string, AttributeValue>
}

export interface OtelTracer<TContext> {
  startSpan(name: string, options: SpanStart, context: TContext): OtelSpan
}

interface InstrumentOptions {
  description: string
  unit: string
  advice?: { explicitBucketBoundaries: number[] }
}

export interface OtelMeter {
  createHistogram(
    name: string,
    options: InstrumentOptions,
  ): { record(value: number, attributes: Record<string, AttributeValue>): void }
  createCounter(
    name: string,
    options: InstrumentOptions,
  ): { add(value: number, attributes: Record<string, AttributeValue>): void }
}

/** The module itself: `import * as api from '@opentelemetry/api'`. */
export interface OpenTelemetryApi<TContext = unknown> {
  readonly ROOT_CONTEXT: TContext
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer<TContext>
    setSpan(context: TContext, span: OtelSpan): TContext
  }
  readonly metrics: { getMeter(name: string, version?: string): OtelMeter }
}

/** `SpanKind` and `SpanStatusCode` of the API. */
export const spanKinds = { internal: 0, client: 2 } as const
export const statusError = 2

const packageName = '@opentelemetry/api'

/**
 * Loads the application's own `@opentelemetry/api`. All copies of it share one global, so it does not
 * matter which one is found.
 *
 * @throws {TypeError} It is not installed; says what to do.
 */
export function loadOpenTelemetryApi(): OpenTelemetryApi {
  const { argv } = process
  const places = [argv[1], join(process.cwd(), 'index.js'), import.meta.url]
  for (const place of places) {
    const found = place === undefined ? undefined : required(place)
    if (isOpenTelemetryApi(found)) return found
  }
  throw new TypeError(
    `openTelemetry: expected the package ${packageName} where the application can load it; run: npm install ${packageName}, or hand it in: connectOpenTelemetry({ api })`,
  )
}

function required(place: string): unknown {
  try {
    return createRequire(place)(packageName)
  } catch {
    return undefined // not from here
  }
}

/** Whether a value has what nodelens needs of the API. */
export function isOpenTelemetryApi(value: unknown): value is OpenTelemetryApi {
  if (!isObject(value) || value['ROOT_CONTEXT'] === undefined) return false
  const { trace, metrics } = value
  return (
    hasFunction(trace, 'getTracer') &&
    hasFunction(trace, 'setSpan') &&
    hasFunction(metrics, 'getMeter')
  )
}

/** Whether a value has a function of that name. */
export function hasFunction(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
  )
}
