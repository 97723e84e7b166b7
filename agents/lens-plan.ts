/** Everything that the root thread must know to build nodelens: plain data, made by main. */
import type { Errand } from './errand.ts'
import type { JournalArgs } from './servers/journal-server.ts'
import type { LookoutArgs } from './servers/lookout-server.ts'
import type { ModelArgs } from './servers/model-server.ts'
import type { ObserverArgs } from './servers/observer-server.ts'
import type { ProbeArgs } from './servers/probe-server.ts'
import type { TriggerOptions } from './trigger-rules.ts'

export interface LensPlan {
  /** What the command asks, carried out as soon as the house stands. */
  readonly errand?: Errand
  /** Host name and process id. */
  readonly node: string
  /** Milliseconds without a run after which an operator's thread ends. */
  readonly operatorIdleMs: number
  readonly journal: JournalArgs
  readonly model: ModelArgs
  readonly probe: ProbeArgs
  /** Absent: none. */
  readonly observer?: ObserverArgs
  /** Absent: every operator is on demand. */
  readonly lookouts?: LookoutArgs
  /** Absent: nothing starts by itself. */
  readonly triggers?: TriggerOptions
}
