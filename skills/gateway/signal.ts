import type { Location } from '../contract.ts'
import type { JsonRecord } from '../json.ts'
import type { CrashReport } from './heartbeat-reader.ts'

/** Something that a skill noticed by itself. */
export interface Symptom {
  /** The skill that saw it. */
  readonly skill: string
  /** The same symptom has the same key: it is investigated once in a while, not at every reading. */
  readonly key: string
  readonly severity: 'warning' | 'critical'
  /** One sentence with numbers: the reason of the investigation. */
  readonly reason: string
}

/** What the gateway tells of its own accord; plain data. */
export type GatewaySignal =
  | {
      /** A place blocks the loop badly enough to be looked at: sent when it first becomes a warning, and again when it becomes critical. */
      readonly type: 'stall'
      readonly id: string
      /** Epoch milliseconds. */
      readonly startedAt: number
      readonly durationMs: number
      readonly ongoing: boolean
      readonly severity: 'warning' | 'critical'
      /** The row that `vm_events_stalls` gives for the place. */
      readonly culprit: JsonRecord
    }
  | {
      /** A stall that was signalled is over. */
      readonly type: 'stall-ended'
      readonly id: string
      readonly startedAt: number
      readonly durationMs: number
      readonly culprit: JsonRecord
    }
  | {
      /** An uncaught error. Unless it survives, main waits until the handler's promise settles, a second at most. */
      readonly type: 'crash'
      readonly error: CrashReport
      readonly location?: Location
      /** The stack with source maps applied, innermost first. */
      readonly stack: readonly string[]
    }
  | {
      /** The floor under the heap, or the memory outside it, keeps rising. */
      readonly type: 'heap'
      readonly what: 'heap' | 'external'
      readonly fromBytes: number
      readonly toBytes: number
      readonly overMs: number
      /** Share of the heap limit in use, 0 to 100. */
      readonly usedPct: number
    }
  | ({ readonly type: 'symptom' } & Symptom)
  | {
      /** Work was refused because diagnosis has paused main long enough in this minute. */
      readonly type: 'budget-exhausted'
      readonly spentMs: number
    }
  | {
      /** Not all numbers are kept over time: the bound on metrics is hit, or a skill's reading throws. Once for each. */
      readonly type: 'history-degraded'
      readonly why: 'full' | 'reading-failed'
      /** The metric that is not kept, or the skill. */
      readonly what: string
      readonly message: string
    }
  | {
      /** A skill goes on with less: a bound is hit, a file cannot be used. Once for each. */
      readonly type: 'skill-degraded'
      readonly skill: string
      readonly why: string
      readonly what: string
      readonly message: string
    }
  | {
      /** A skill is in another state than before: the baselines are learned, for one. */
      readonly type: 'skill-state-changed'
      readonly skill: string
      readonly from: string
      readonly to: string
    }
  | {
      /** A skill had a symptom to raise and holds it back: one was just raised (by itself, or by another that saw the same), or too many in this hour. */
      readonly type: 'symptom-held'
      readonly skill: string
      readonly key: string
      readonly why: 'cooldown' | 'hourly-bound' | 'raised-by-others'
    }
