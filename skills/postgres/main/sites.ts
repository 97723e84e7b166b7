import type { RawSite, SiteDetail } from '../reading.ts'
import { readTrace, siteKey, type Trace } from './call-site.ts'

const MAX_SITES = 300

/** A place in the code, with what is known of the clients that were checked out there and came back. */
export class Site {
  readonly id: number
  readonly sites: readonly RawSite[]
  sampled = 0
  heldMs = 0
  busyMs = 0
  longestHeldMs = 0
  releasedInTransaction = 0
  /** What was left in a transaction here was a query of the pool itself. */
  isPoolQuery = false
  opened = 0

  constructor(id: number, sites: readonly RawSite[]) {
    this.id = id
    this.sites = sites
  }

  held(ms: number, busyMs: number): void {
    this.sampled += 1
    this.busyMs += busyMs
    this.heldMs += ms
    if (ms > this.longestHeldMs) this.longestHeldMs = ms
  }

  detail(): SiteDetail {
    const { id, sites, sampled, heldMs, busyMs, longestHeldMs } = this
    return { id, sites, sampled, heldMs, busyMs, longestHeldMs }
  }
}

/** The places that call the driver; what is beyond 300 shares one. */
export class Sites {
  readonly #byKey = new Map<string, Site>()
  readonly unknown = new Site(0, [])

  /** Reads the trace, once. */
  of(trace: Trace | undefined): Site {
    if (trace === undefined) return this.unknown
    const sites = readTrace(trace)
    const key = siteKey(sites)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    if (sites.length === 0 || this.#byKey.size >= MAX_SITES) return this.unknown
    const site = new Site(this.#byKey.size + 1, sites)
    this.#byKey.set(key, site)
    return site
  }

  all(): Site[] {
    return [this.unknown, ...this.#byKey.values()]
  }
}
