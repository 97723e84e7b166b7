import { upsert } from './apply-event.ts'
import { toJson } from './json.ts'
import type { TopicEvent } from './protocol.ts'

/** Bounds of one entry; see {@link toJson}. Longer ones are cut and say so. */
const ITEM_LIMITS = { maxCharacters: 32 * 1024, maxDepth: 16 }
/** Bounds of what a topic's owner tells at `GET /api/v1/topics/<name>`. */
const VALUE_LIMITS = { maxCharacters: 4 * 1024 * 1024, maxDepth: 20 }
const MAX_ID_CHARACTERS = 200

/**
 * The newest entries of each topic: what was published, kept up to a bound, behind what the
 * topic's owner has of its own accord.
 */
export class TopicStore {
  readonly #providers: ReadonlyMap<string, () => unknown>
  readonly #published = new Map<string, readonly TopicEvent[]>()
  readonly #historyPerTopic: number
  readonly #startedAt = Date.now()
  #serial = 0

  constructor(providers: ReadonlyMap<string, () => unknown>, historyPerTopic: number) {
    this.#providers = providers
    this.#historyPerTopic = historyPerTopic
  }

  get names(): string[] {
    return [...this.#providers.keys()]
  }

  has(topic: string): boolean {
    return this.#providers.has(topic)
  }

  /** Keeps an entry and returns it as it leaves the process. */
  publish(topic: string, data: unknown): TopicEvent {
    this.#serial += 1
    const event = topicEvent(topic, data, { id: `${topic}-${this.#serial}`, at: Date.now() })
    const items = this.#published.get(topic) ?? []
    this.#published.set(topic, upsert(items, event, this.#historyPerTopic))
    return event
  }

  /** Entries of one topic, oldest first: the owner's, then (instead or behind) the published. */
  items(topic: string, limit: number): TopicEvent[] {
    const published = this.#published.get(topic) ?? []
    const known = new Set(published.map((event) => event.id))
    const owned = this.#owned(topic).filter((event) => !known.has(event.id))
    return [...owned, ...published].slice(-limit)
  }

  /** Entries of every topic. */
  all(limit: number): Record<string, TopicEvent[]> {
    return Object.fromEntries(this.names.map((name) => [name, this.items(name, limit)]))
  }

  /** What the owner says now, as JSON; `null` if it has nothing or its function threw. */
  value(topic: string): unknown {
    return toJson(this.#ask(topic), VALUE_LIMITS).json
  }

  #owned(topic: string): TopicEvent[] {
    const value = this.#ask(topic)
    if (value === undefined || value === null) return []
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    const start = Math.max(0, list.length - this.#historyPerTopic)
    return list.slice(start).map((data, index) => {
      const id = Array.isArray(value) ? `${topic}-own-${start + index}` : `${topic}-now`
      return topicEvent(topic, data, { id, at: this.#startedAt })
    })
  }

  #ask(topic: string): unknown {
    try {
      return this.#providers.get(topic)?.()
    } catch {
      return undefined // the owner's fault must not take the observer down
    }
  }
}

function topicEvent(
  topic: string,
  data: unknown,
  otherwise: { readonly id: string; readonly at: number },
): TopicEvent {
  const { json, truncated } = toJson(data, ITEM_LIMITS)
  return {
    type: 'topic',
    topic,
    id: idOf(data) ?? otherwise.id,
    at: timeOf(data) ?? otherwise.at,
    data: json,
    ...(truncated ? { truncated } : {}),
  }
}

function idOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('id' in data)) return undefined
  if (typeof data.id !== 'string' || data.id.length === 0) return undefined
  return data.id.slice(0, MAX_ID_CHARACTERS)
}

/** When the entry says that it came to be: `at` in milliseconds, or `createdAt`/`detectedAt`. */
function timeOf(data: unknown): number | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  if ('at' in data && typeof data.at === 'number' && Number.isFinite(data.at)) return data.at
  const text = ('createdAt' in data && data.createdAt) || ('detectedAt' in data && data.detectedAt)
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
