/** One request under way, in or out. It is let go of when it ends. */
export interface Exchange {
  readonly startedAt: number
  /** The request, of whatever library: only read. */
  readonly request: object
  /** Of a request that came in. */
  readonly response?: object
  /** Host that a request goes to. */
  readonly key?: string
  status: number
  headersAt: number
  /** It failed; it is taken out at the next sweep. */
  isOver?: boolean
}

/** Requests under way that are kept; more are only counted. */
const MAX_OPEN = 5000
/** From so many on, those that ended are looked for without being asked. */
const SWEEP_FROM = 500

/** Requests under way, the oldest first. */
export class OpenExchanges {
  readonly #open = new Set<Exchange>()
  #sweepAt = SWEEP_FROM
  readonly #byThing = new WeakMap<object, Exchange>()

  /** `thing`: by which the end will be told. */
  begin(thing: object, exchange: Exchange): void {
    if (this.#open.size < MAX_OPEN) this.#open.add(exchange)
    this.#byThing.set(thing, exchange)
  }

  find(thing: object): Exchange | undefined {
    return this.#byThing.get(thing)
  }

  end(thing: object): Exchange | undefined {
    const exchange = this.#byThing.get(thing)
    if (exchange === undefined) return undefined
    this.#byThing.delete(thing)
    this.#open.delete(exchange)
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

/** Property of an object of whatever library, if it is an object. */
export function objectAt(owner: object, name: string): object | undefined {
  const value: unknown = Reflect.get(owner, name)
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? value
    : undefined
}

export function textAt(owner: object | undefined, name: string): string | undefined {
  const value: unknown = owner === undefined ? undefined : Reflect.get(owner, name)
  return typeof value === 'string' ? value : undefined
}

export function numberAt(owner: object | undefined, name: string): number {
  const value: unknown = owner === undefined ? undefined : Reflect.get(owner, name)
  return typeof value === 'number' ? value : 0
}
