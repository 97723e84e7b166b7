/**
 * The recorder of a trace: brought into the thread in which the function runs, called by the
 * conditions of breakpoints that never pause, and taken away again.
 */
import { types } from 'node:util'
import { creationStack } from '../probe/creation-stack.ts'

/** Where the conditions find it. */
const TRACE_KEY = Symbol.for('nodelens.trace')
const MOST_TEXTS = 60
const MOST_KEYS = 8

export interface TraceLimits {
  readonly calls: number
  /** More calls than this within a tenth of a second: a hot path. */
  readonly perTenth: number
  /** Calls of an `async` function may overlap. */
  readonly isAsync: boolean
}

interface OpenCall {
  readonly at: number
  readonly job: number
  readonly sample: Sample
  isOverlapping: boolean
}

interface Sample {
  readonly arguments: string
  readonly caller: string
  ms: number | null
  ended: 'returned' | 'threw' | 'open'
}

const now = performance.now.bind(performance)

/** Puts a recorder where the conditions find it. */
export function beginTrace(limits: TraceLimits): void {
  const recorder = new Recorder(limits)
  const calls = Object.freeze({
    enter: (values: readonly Named[]) => recorder.enter(values),
    leave: () => recorder.leave(),
    state: () => JSON.stringify(recorder.state()),
    result: () => JSON.stringify(recorder.result()),
  })
  Reflect.set(globalThis, TRACE_KEY, calls)
}

/** Takes it away; the conditions that are still there find nothing. */
export function endTrace(): void {
  Reflect.deleteProperty(globalThis, TRACE_KEY)
}

type Named = readonly [name: string, value: unknown]

class Recorder {
  readonly #limits: TraceLimits
  readonly #startedAt = now()
  readonly #samples: Sample[] = []
  #open: OpenCall[] = []
  #tenthAt = now()
  #inTenth = 0
  #calls = 0
  #lastAt = now()
  #job = 0
  #stopped: 'calls' | 'hot' | undefined

  constructor(limits: TraceLimits) {
    this.#limits = limits
  }

  state(): object {
    return { calls: this.#calls, stopped: this.#stopped ?? null }
  }

  result(): object {
    this.#settle()
    const overMs = this.#lastAt - this.#startedAt
    return { ...this.state(), overMs, samples: this.#samples }
  }

  /** A condition: never true. */
  enter(values: readonly Named[]): false {
    if (this.#stopped !== undefined) return false
    this.#count(now())
    this.#settle()
    if (this.#samples.length >= MOST_TEXTS) return false
    const creation = creationStack()
    const sample: Sample = {
      arguments: values.map(([name, value]) => `${name}: ${shapeOf(value)}`).join(', '),
      caller: creation.type === 'stack' ? creation.text : '',
      ms: null,
      ended: 'open',
    }
    this.#samples.push(sample)
    const isOverlapping = this.#open.length > 0
    for (const call of this.#open) call.isOverlapping = true
    this.#open.push({ at: now(), job: this.#job, sample, isOverlapping })
    queueMicrotask(() => {
      this.#job += 1
    })
    return false
  }

  /** A condition: never true. */
  leave(): false {
    const at = now()
    const { isAsync } = this.#limits
    const call = isAsync ? this.#open.shift() : this.#open.pop()
    if (call === undefined) return false
    call.sample.ended = 'returned'
    // Which of several calls under way has ended is not known.
    if (!isAsync || !call.isOverlapping) call.sample.ms = at - call.at
    return false
  }

  #count(at: number): void {
    if (at - this.#tenthAt > 100) {
      this.#tenthAt = at
      this.#inTenth = 0
    }
    this.#inTenth += 1
    this.#calls += 1
    this.#lastAt = at
    if (this.#inTenth > this.#limits.perTenth) this.#stopped = 'hot'
    else if (this.#calls >= this.#limits.calls) this.#stopped = 'calls'
  }

  /** Of a function that is not asynchronous: what is open since an earlier job has thrown. */
  #settle(): void {
    if (this.#limits.isAsync) return
    for (const call of this.#open) if (call.job !== this.#job) call.sample.ended = 'threw'
    this.#open = this.#open.filter((call) => call.job === this.#job)
  }
}

/** What kind of thing it is and how large, never what is in it. Runs no code of the application. */
function shapeOf(value: unknown): string {
  if (typeof value === 'string') return `string(${value.length})`
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  if (types.isProxy(value)) return 'Proxy'
  if (Array.isArray(value)) return `Array(${value.length})`
  if (types.isMap(value) || types.isSet(value))
    return `${types.isMap(value) ? 'Map' : 'Set'}(${value.size})`
  if (types.isPromise(value) || types.isDate(value) || types.isRegExp(value))
    return types.isPromise(value) ? 'Promise' : types.isDate(value) ? 'Date' : 'RegExp'
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`
  const keys = Object.keys(value)
  const more = keys.length > MOST_KEYS ? ', …' : ''
  return `${classOf(value)}{${keys.slice(0, MOST_KEYS).join(', ')}${more}}`
}

/** The class by its descriptor: a getter is not run. */
function classOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) return ''
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof made !== 'function') return ''
  const name: unknown = Object.getOwnPropertyDescriptor(made, 'name')?.value
  return typeof name === 'string' && name !== 'Object' ? name : ''
}
