import type { JsonRecord } from '../json.ts'

const MAX_ACTORS = 50
/** Actors of nodelens have names that begin so. */
const OWN = 'nodelens.'

interface Actor {
  readonly pid: string
  readonly name: string
  mailbox: number
  highWater: number
  policy: string
  /** Messages that found it full. */
  hits: number
  firstAt: number
  lastAt: number
}

/**
 * Mailboxes of the application's actors that went over their mark or hit their bound, as the runtime tells
 * (docs/telemetry.md). Bounded: the actor that was quiet longest goes.
 */
export class MailboxBook {
  readonly #actors = new Map<string, Actor>()

  note(message: unknown, at: number): void {
    if (typeof message !== 'object' || message === null) return
    const seen: {
      pid?: unknown
      name?: unknown
      label?: unknown
      mailbox?: unknown
      highWater?: unknown
      policy?: unknown
      total?: unknown
    } = message
    const pid = typeof seen.pid === 'string' ? seen.pid : '?'
    const name =
      typeof seen.name === 'string' ? seen.name : typeof seen.label === 'string' ? seen.label : ''
    if (name.startsWith(OWN)) return
    const actor = this.#actors.get(pid) ?? this.#add(pid, name, at)
    actor.lastAt = at
    if (typeof seen.mailbox === 'number') actor.mailbox = seen.mailbox
    if (typeof seen.highWater === 'number') actor.highWater = seen.highWater
    if (typeof seen.policy === 'string') actor.policy = seen.policy
    if (typeof seen.total === 'number') actor.hits = seen.total
  }

  /** The newest first. */
  rows(): JsonRecord[] {
    return [...this.#actors.values()]
      .toSorted((left, right) => right.lastAt - left.lastAt)
      .map((actor) => ({ ...actor }))
  }

  #add(pid: string, name: string, at: number): Actor {
    if (this.#actors.size >= MAX_ACTORS) {
      const [stalest] = [...this.#actors.values()].toSorted(
        (left, right) => left.lastAt - right.lastAt,
      )
      if (stalest !== undefined) this.#actors.delete(stalest.pid)
    }
    const actor: Actor = {
      pid,
      name: name.slice(0, 100),
      mailbox: 0,
      highWater: 0,
      policy: '',
      hits: 0,
      firstAt: at,
      lastAt: at,
    }
    this.#actors.set(pid, actor)
    return actor
  }
}
