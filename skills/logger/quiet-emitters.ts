import { EventEmitter } from 'node:events'
import { stackOfMoment } from '../probe/creation-stack.ts'
import { watchMethod } from '../probe/patched.ts'

/** Node's own limit, from which it warns. https://nodejs.org/api/events.html#eventsdefaultmaxlisteners */
const USUAL = 10
const MAX_EMITTERS = 100
const MAX_EVENTS = 20
/** An emitter with fewer listeners of one event is not worth following. */
const FROM_COUNT = 30
const METHODS = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const
const MOST_MS = 10_000

/**
 * Emitters whose limit of listeners the application has raised or lifted, so that Node will not warn when
 * listeners are never taken off. They are known by that call, which is rare; at rest nothing else is done.
 */
export class QuietEmitters {
  #emitters: WeakRef<EventEmitter>[] = []
  readonly #followed = new WeakMap<EventEmitter, Set<string | symbol>>()

  /** Sees which emitters are made quiet from now on. Returns its end. */
  start(): () => void {
    return watchMethod(EventEmitter.prototype, 'setMaxListeners', (_result, [limit], self) => {
      const isQuiet = limit === 0 || (typeof limit === 'number' && limit > USUAL)
      if (isQuiet && self instanceof EventEmitter && self !== process) this.#add(self)
    })
  }

  /** Events that have many listeners by now, each once. */
  crowded(): { readonly emitter: EventEmitter; readonly type: string | symbol }[] {
    this.#emitters = this.#emitters.filter((reference) => reference.deref() !== undefined)
    return this.#emitters.flatMap((reference) => {
      const emitter = reference.deref()
      if (emitter === undefined) return []
      return emitter
        .eventNames()
        .slice(0, MAX_EVENTS)
        .filter((type) => emitter.listenerCount(type) >= FROM_COUNT && this.#isNew(emitter, type))
        .map((type) => ({ emitter, type }))
    })
  }

  #add(emitter: EventEmitter): void {
    // the oldest stay: a leak is on what lives long
    if (this.#emitters.length < MAX_EMITTERS) this.#emitters.push(new WeakRef(emitter))
  }

  #isNew(emitter: EventEmitter, type: string | symbol): boolean {
    const known = this.#followed.get(emitter) ?? new Set()
    this.#followed.set(emitter, known)
    if (known.has(type)) return false
    known.add(type)
    return true
  }
}

/**
 * Tells, once, where the next listener of an event is added to one emitter; only that emitter's methods
 * are replaced, until then, ten seconds at most.
 */
export function seeNextListener(
  emitter: EventEmitter,
  type: string | symbol,
  onStack: (stack: string) => void,
): void {
  const stops = METHODS.map((name) =>
    watchOwn(emitter, name, (added) => {
      if (added !== type) return
      const creation = stackOfMoment()
      end()
      if (creation.type === 'stack') onStack(creation.text)
    }),
  )
  const end = (): void => {
    clearTimeout(timer)
    for (const stop of stops.splice(0)) stop()
  }
  const timer = setTimeout(end, MOST_MS)
  timer.unref()
}

/** Gives an object a method of its own in place of the inherited one. Returns how to take it away. */
function watchOwn(owner: object, name: string, seen: (first: unknown) => void): () => void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function' || Object.hasOwn(owner, name)) return () => {}
  const watched = function (this: unknown, ...input: unknown[]): unknown {
    seen(input[0])
    return Reflect.apply(original, this, input)
  }
  Reflect.defineProperty(owner, name, { value: watched, configurable: true, writable: true })
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === watched)
      Reflect.deleteProperty(owner, name)
  }
}
