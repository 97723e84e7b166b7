import { creationStack } from '../probe/creation-stack.ts'

/** Kinds of things that are counted by where they were made. */
export type HandleKind = 'socket' | 'datagram' | 'server' | 'child' | 'worker'

/** One living thing, held weakly. */
export interface Sample {
  readonly ref: WeakRef<object>
  readonly madeAt: number
  readonly serial: number
}

/** One that is open now. */
export interface Living {
  readonly thing: object
  readonly madeAt: number
  readonly serial: number
}

/** A place that makes handles, and what became of them. */
export interface Site {
  readonly id: number
  readonly kind: HandleKind
  readonly stack: string
  created: number
  closed: number
  /** HTTP requests that went over its sockets, and how many agents those had. */
  requests: number
  agents: number
  keepsAlive: boolean
  /** The oldest ones that live, 64 at most. */
  samples: Sample[]
}

/** Sites kept; what comes after counts as one more. */
const MAX_SITES = 200
const MAX_SAMPLES = 64

const now = Date.now

/** Counts what is made and closed, by the place that made it. Bounded; holds nothing of the application strongly. */
export class Ledger {
  readonly #sites = new Map<string, Site>()
  readonly #births = new WeakMap<object, { site: Site; madeAt: number }>()
  readonly totals: Record<HandleKind, { created: number; closed: number }> = {
    socket: { created: 0, closed: 0 },
    datagram: { created: 0, closed: 0 },
    server: { created: 0, closed: 0 },
    child: { created: 0, closed: 0 },
    worker: { created: 0, closed: 0 },
  }
  #nextId = 1

  /** Notes a new thing with the stack of this moment; false: it is nodelens's own. */
  open(kind: HandleKind, thing: object): boolean {
    const creation = creationStack()
    if (creation.type === 'own') return false
    const stack = creation.type === 'stack' ? creation.text : 'not sampled'
    const site = this.#siteOf(kind, stack)
    const madeAt = now()
    site.created += 1
    this.totals[kind].created += 1
    this.#births.set(thing, { site, madeAt })
    if (site.samples.length >= MAX_SAMPLES) {
      site.samples = site.samples.filter(({ ref }) => this.#isOpen(ref.deref()))
    }
    if (site.samples.length < MAX_SAMPLES)
      site.samples.push({ ref: new WeakRef(thing), madeAt, serial: site.created })
    return true
  }

  /** What is known of a thing that is still open. */
  birthOf(thing: object): { readonly site: Site; readonly madeAt: number } | undefined {
    return this.#births.get(thing)
  }

  close(thing: object): { readonly site: Site; readonly madeAt: number } | undefined {
    const birth = this.#births.get(thing)
    if (birth === undefined) return undefined
    this.#births.delete(thing)
    birth.site.closed += 1
    this.totals[birth.site.kind].closed += 1
    return birth
  }

  /** Samples of a site that are open now. */
  living(site: Site): Living[] {
    return site.samples.flatMap(({ ref, madeAt, serial }) => {
      const thing = ref.deref()
      return thing !== undefined && this.#isOpen(thing) ? [{ thing, madeAt, serial }] : []
    })
  }

  /** The sites with most open handles first. */
  sites(): Site[] {
    return [...this.#sites.values()].sort(
      (left, right) => right.created - right.closed - (left.created - left.closed),
    )
  }

  #isOpen(thing: object | undefined): boolean {
    return thing !== undefined && this.#births.has(thing)
  }

  #siteOf(kind: HandleKind, stack: string): Site {
    const key = `${kind}\n${stack}`
    const known = this.#sites.get(key) ?? this.#sites.get(`${kind}\nother places`)
    if (known !== undefined && (known.stack === stack || this.#sites.size >= MAX_SITES)) {
      return known
    }
    const isFull = this.#sites.size >= MAX_SITES
    const site: Site = {
      id: this.#nextId,
      kind,
      stack: isFull ? 'other places' : stack,
      created: 0,
      closed: 0,
      requests: 0,
      agents: 0,
      keepsAlive: false,
      samples: [],
    }
    this.#nextId += 1
    this.#sites.set(`${kind}\n${site.stack}`, site)
    return site
  }
}
