/** What the three processes of the demonstration say to each other. */

/** Requests that hurt a shop with a fault, sent beside the ordinary ones. */
export type Attack = 'none' | 'coupon' | 'wholesale'

export type ToLoad =
  | { readonly type: 'attack'; readonly kind: Attack }
  | { readonly type: 'window-open' }
  | { readonly type: 'window-close' }

export type FromLoad = { readonly type: 'window'; readonly stats: LoadStats }

/** What the visitors felt in a stretch of time. */
export interface LoadStats {
  readonly seconds: number
  readonly answered: number
  readonly failed: number
  /** Visitors who were turned away because too many others were waiting already. */
  readonly turnedAway: number
  readonly perSecond: number
  /** Waiting times from the moment a request was due, those still waiting included. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** By how much the floor of the heap, which garbage collection leaves, has risen. */
  readonly heapGrowthBytes: number
}

export type ToHost =
  | { readonly type: 'investigate'; readonly reason: string; readonly skills: readonly string[] }
  | { readonly type: 'crash-operator'; readonly skill: string }
  | { readonly type: 'stop' }

export type FromHost =
  | { readonly type: 'ready'; readonly url: string; readonly observerUrl?: string }
  | { readonly type: 'investigated' }
  | { readonly type: 'operator-crashed'; readonly report: CrashReport }
  | { readonly type: 'failed'; readonly message: string }

/** What became of an operator that was made to crash. */
export interface CrashReport {
  readonly skill: string
  readonly crashedPid: string
  readonly replacementPid: string
  /** From the crash to the replacement's first answer. */
  readonly answeredAfterMs: number
  /** How the replacement was asked, and what it said. */
  readonly answer: string
}
