import type { AnomalySettings } from '../anomaly/settings.ts'
import type { BuiltInSkill } from '../built-in-skill.ts'
import type { MetricReadings } from '../history/feed.ts'
import type { HistoryReader } from '../history/history.ts'
import type { Json } from '../json.ts'
import type { SourceFiles } from '../source/source-files.ts'
import type { HeartbeatReader } from './heartbeat-reader.ts'
import type { Inspector } from './inspector.ts'
import type { MainAccess } from './main-access.ts'

import type { WorkerRelay } from './relay.ts'
import type { GatewaySignal, Symptom } from './signal.ts'

/** What a built-in skill's half in the gateway's thread can reach. */
export interface SkillContext {
  readonly reader: HeartbeatReader
  readonly access: MainAccess
  readonly inspector: Inspector
  /** The inspector of the application's workers. */
  readonly relay: WorkerRelay
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  /** Folder that paths in texts are relative to. */
  readonly root: string
  /** How late main's heartbeat is now, milliseconds. */
  readonly lateMs: () => number
  /** Main has finished starting: what it does from now on is its normal work. */
  readonly isUp: () => boolean
  /** Ids of all skills in use, custom ones too. */
  readonly skills: readonly string[]
  readonly anomaly: AnomalySettings
  /** The numbers of all skills over time. */
  readonly history: HistoryReader
  /** Something is wrong and nobody asked: may start an investigation. */
  readonly raise: (symptom: Symptom) => void
  /** Another skill has raised something new since then (epoch milliseconds): an investigation is under way. */
  readonly isRaisedByOthers: (since: number, skill: string) => boolean
  /** A bound was hit, or something is missing: an event, and nothing is started. */
  readonly report: (
    signal: Extract<
      GatewaySignal,
      { readonly type: 'skill-degraded' | 'skill-state-changed' | 'symptom-held' }
    >,
  ) => void
}

/** A skill at work in the gateway's thread. */
export interface OutsideHalf {
  readonly skill: BuiltInSkill
  /** What main's part read, about every two seconds while main answers. `now`: epoch milliseconds. */
  readonly hear?: (reading: Json, now: number) => void
  /** Once a second, whether main answers or not. */
  readonly tick?: (now: number) => void
  /**
   * Numbers for the history: after each `hear` where there is one, else after each `tick`. Cheap (well below a
   * millisecond), synchronous, from what is known already.
   */
  readonly metrics?: (now: number) => MetricReadings
  readonly stop?: () => void
}

/** A built-in skill as the gateway knows it. */
export interface OutsidePart {
  readonly id: string
  readonly make: (context: SkillContext) => OutsideHalf
}
