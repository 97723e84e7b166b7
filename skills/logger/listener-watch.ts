import { EventEmitter, getEventListeners } from 'node:events'
import type { JsonRecord } from '../json.ts'
import { stackOf } from '../probe/stack-text.ts'
import { seeNextListener } from './quiet-emitters.ts'

interface Watched {
  readonly id: number
  readonly at: number
  /** The application may forget it at any time. */
  readonly emitter: WeakRef<EventEmitter | EventTarget>
  readonly type: string | symbol
  readonly emitterName: string
  /** Node was kept from warning of it. */
  readonly isQuiet: boolean
  stack: string | undefined
  count: number
}

const MAX_WATCHED = 20

/**
 * Follows emitters that Node warned of (`MaxListenersExceededWarning`), or would have, had it not been told
 * to be quiet: the warning comes once, at the eleventh listener; whether it is a leak shows in what the count
 * does afterwards.
 */
export class ListenerWatch {
  readonly #watched: Watched[] = []
  #serial = 0

  /** Takes in a process warning, if it is one of these. */
  note(warning: object, now: number): void {
    const emitter: unknown = Reflect.get(warning, 'emitter') ?? Reflect.get(warning, 'target')
    const type: unknown = Reflect.get(warning, 'type')
    if (!(emitter instanceof EventEmitter || emitter instanceof EventTarget)) return
    if (typeof type !== 'string' && typeof type !== 'symbol') return
    this.#add(emitter, type, now, { isQuiet: false, stack: stackOf(warning) })
  }

  /** Follows an event of which Node does not warn; where listeners are added is seen with the next one. */
  follow(emitter: EventEmitter, type: string | symbol, now: number): void {
    const entry = this.#add(emitter, type, now, { isQuiet: true, stack: undefined })
    seeNextListener(emitter, type, (stack) => {
      entry.stack = stack
    })
  }

  /** Id and number of listeners of each that still lives, and 1 where Node was told to be quiet. */
  counts(): [id: number, count: number, isQuiet: number][] {
    return this.#watched.flatMap((entry): [number, number, number][] => {
      const emitter = entry.emitter.deref()
      if (emitter === undefined) return []
      entry.count = countOf(emitter, entry.type)
      return [[entry.id, entry.count, Number(entry.isQuiet)]]
    })
  }

  rows(): JsonRecord[] {
    this.counts()
    return this.#watched.map(({ id, at, type, emitterName, isQuiet, stack, count }) => ({
      id,
      at,
      event: String(type).slice(0, 100),
      emitter: emitterName.slice(0, 100),
      count,
      isQuiet,
      stack: stack ?? '',
    }))
  }

  #add(
    emitter: EventEmitter | EventTarget,
    type: string | symbol,
    at: number,
    how: Pick<Watched, 'isQuiet' | 'stack'>,
  ): Watched {
    const entry = {
      ...how,
      id: (this.#serial += 1),
      at,
      emitter: new WeakRef(emitter),
      type,
      emitterName: emitter.constructor.name,
      count: countOf(emitter, type),
    }
    if (this.#watched.length >= MAX_WATCHED) this.#watched.shift()
    this.#watched.push(entry)
    return entry
  }
}

function countOf(emitter: EventEmitter | EventTarget, type: string | symbol): number {
  if (emitter instanceof EventEmitter) return emitter.listenerCount(type)
  return typeof type === 'string' ? getEventListeners(emitter, type).length : 0
}
