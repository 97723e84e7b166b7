import { EventEmitter, getEventListeners } from 'node:events'
import type { JsonRecord } from '../json.ts'
import { stackOf } from '../probe/stack-text.ts'

interface Watched {
  readonly id: number
  readonly at: number
  /** The application may forget it at any time. */
  readonly emitter: WeakRef<EventEmitter | EventTarget>
  readonly type: string | symbol
  readonly emitterName: string
  readonly stack: string | undefined
  count: number
}

const MAX_WATCHED = 20

/**
 * Follows emitters that Node warned of (`MaxListenersExceededWarning`): the warning comes once, at
 * the eleventh listener; whether it is a leak shows in what the count does afterwards.
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
    if (this.#watched.length >= MAX_WATCHED) this.#watched.shift()
    this.#watched.push({
      id: (this.#serial += 1),
      at: now,
      emitter: new WeakRef(emitter),
      type,
      emitterName: emitter.constructor.name,
      stack: stackOf(warning),
      count: countOf(emitter, type),
    })
  }

  /** Id and number of listeners of each that still lives. */
  counts(): [id: number, count: number][] {
    return this.#watched.flatMap((entry): [number, number][] => {
      const emitter = entry.emitter.deref()
      if (emitter === undefined) return []
      entry.count = countOf(emitter, entry.type)
      return [[entry.id, entry.count]]
    })
  }

  rows(): JsonRecord[] {
    this.counts()
    return this.#watched.map(({ id, at, type, emitterName, stack, count }) => ({
      id,
      at,
      event: String(type).slice(0, 100),
      emitter: emitterName.slice(0, 100),
      count,
      stack: stack ?? '',
    }))
  }
}

function countOf(emitter: EventEmitter | EventTarget, type: string | symbol): number {
  if (emitter instanceof EventEmitter) return emitter.listenerCount(type)
  return typeof type === 'string' ? getEventListeners(emitter, type).length : 0
}
