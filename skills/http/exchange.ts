import { EventEmitter } from 'node:events'

/** One request under way, in or out. It is let go of when it ends. */
export interface Exchange {
  readonly startedAt: number
  /** The request, of whatever library: only read. */
  readonly request: HttpThing & object
  /** Of a request that came in. */
  readonly response?: HttpThing & object
  /** Host that a request goes to. */
  readonly key?: string
  status: number
  headersAt: number
  /** Who sends it, where the library tells while the caller is on the stack: of some, not of all. */
  readonly stack?: string
  /** It failed; it is taken out at the next sweep. */
  isOver?: boolean
}

/** Requests under way that are kept; more are not seen. */
const MAX_OPEN = 5000
/** From so many on, those that ended are looked for without being asked. */
const SWEEP_FROM = 500

/** Requests under way, the oldest first. */
export class OpenExchanges {
  readonly #open = new Map<object, Exchange>()
  #sweepAt = SWEEP_FROM

  /** `thing`: by which the end will be told. */
  begin(thing: object, exchange: Exchange): void {
    if (this.#open.size < MAX_OPEN) this.#open.set(thing, exchange)
  }

  find(thing: object): Exchange | undefined {
    return this.#open.get(thing)
  }

  end(thing: object): Exchange | undefined {
    const exchange = this.#open.get(thing)
    if (exchange !== undefined) this.#open.delete(thing)
    return exchange
  }

  get size(): number {
    return this.#open.size
  }

  /** Many are under way, twice as many as after the last sweep: some may be over. */
  get isDueForSweep(): boolean {
    return this.#open.size >= this.#sweepAt
  }

  swept(): void {
    this.#sweepAt = Math.max(SWEEP_FROM, this.#open.size * 2)
  }

  list(): IterableIterator<Exchange> {
    return this.#open.values()
  }
}

/** What is read of the objects of HTTP libraries: all of it may be missing or of another type. */
export interface HttpThing {
  readonly aborted?: unknown
  readonly baseUrl?: unknown
  readonly complete?: unknown
  readonly destroyed?: unknown
  readonly handler?: unknown
  readonly headersSent?: unknown
  readonly host?: unknown
  readonly method?: unknown
  readonly origin?: unknown
  readonly originalUrl?: unknown
  readonly path?: unknown
  readonly readableFlowing?: unknown
  readonly readableLength?: unknown
  readonly res?: unknown
  readonly route?: unknown
  readonly server?: unknown
  readonly socket?: unknown
  readonly stack?: unknown
  readonly statusCode?: unknown
  readonly url?: unknown
  readonly writableLength?: unknown
}

export function objectOf(value: unknown): HttpThing | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? value
    : undefined
}

export function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

export function numberOr0(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** The stream of an answer that has begun, if nobody takes it. */
export function unreadAnswer({ request, headersAt }: Exchange): boolean {
  if (headersAt === 0) return false
  const answer = objectOf(request.res) ?? undiciAnswer(request)
  if (!(answer instanceof EventEmitter)) return false
  const { readableFlowing, complete, destroyed, readableLength } = objectOf(answer) ?? {}
  const isTaken = readableFlowing === true || answer.listenerCount('readable') > 0
  if (isTaken || destroyed === true) return false
  // node:http says when all has come; undici's answers are taken without listeners, but then nothing lies there
  return request.res === undefined ? numberOr0(readableLength) > 0 : complete !== true
}

/** How many handlers undici's interceptors may wrap around the one that has the answer. */
const MOST_WRAPPED = 4

/** undici's request keeps its handler, and that of `request()` its answer; of `fetch` there is none to see. */
function undiciAnswer(request: object): HttpThing | undefined {
  const key = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'handler',
  )
  let handler: unknown = key === undefined ? undefined : Reflect.get(request, key)
  for (let depth = 0; depth < MOST_WRAPPED; depth += 1) {
    const thing = objectOf(handler)
    if (thing === undefined) return undefined
    const answer = objectOf(thing.res)
    if (answer !== undefined) return answer
    handler = thing.handler
  }
  return undefined
}
