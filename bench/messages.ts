/** What the benches and their processes say to each other. */

export type ToServer =
  | { readonly type: 'usage' }
  | { readonly type: 'stall'; readonly forMs: number }

export type FromServer =
  | { readonly type: 'listening'; readonly port: number }
  /** CPU time of all threads since the start of the process, and its memory. */
  | {
      readonly type: 'usage'
      readonly cpuUs: number
      readonly rssBytes: number
      readonly at: number
    }
  | { readonly type: 'stalled'; readonly from: number; readonly to: number }

export type ToClients = { readonly type: 'begin' } | { readonly type: 'end' }

export type FromClients =
  | { readonly type: 'begun' }
  | {
      readonly type: 'result'
      readonly answered: number
      readonly failed: number
      readonly seconds: number
      readonly p50Ms: number
      readonly p99Ms: number
    }
