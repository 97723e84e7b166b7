/**
 * What agents know of a skill: plain data, so that it crosses threads and fits in a prompt. The
 * skills room owns these shapes (`skills/index.ts`, contract section 3); this file repeats the
 * part that models need until the rooms are joined, then it re-exports theirs.
 */
import type { Json } from './json.ts'

/** One condition on a field, addressed by a dot path. All members given must hold. */
export interface Condition {
  readonly field: string
  readonly above?: number
  readonly below?: number
  readonly equals?: Json
  readonly present?: boolean
}

/** A bound on a snapshot's metric and what to say when it is passed. */
export interface WatchRule {
  readonly metric: string
  readonly above?: number
  readonly below?: number
  readonly severity: 'info' | 'warning' | 'critical'
  /** Notification type; default `${skill}_${metric}`. */
  readonly type?: string
  /** Template: `{value}` and `{dot.path}` of the snapshot. */
  readonly observation: string
  readonly hypothesis?: string
  readonly remediation?: string
}

/** A closer look: a Lua script whose rows become notifications. */
export interface DrillStep {
  readonly id: string
  /** Conditions on the newest snapshot; absent: always due. */
  readonly when?: readonly Condition[]
  /** Lua that returns one row or a list of rows. */
  readonly code: string
  /** Which rows count. */
  readonly rows?: readonly Condition[]
  /** Rows that become notifications at most; default 3. */
  readonly limit?: number
  readonly notify: DrillNotice
}

/** How a row is told: templates over the row (`{a.b}`) and the snapshot (`{snapshot.a.b}`). */
export interface DrillNotice {
  readonly type: string
  /** A severity or `{field}`. */
  readonly severity: string
  readonly context: string
  readonly observation: string
  readonly hypothesis?: string
  readonly remediation?: string
  /** Dot path in the row to `{ file, function, line, package? }`. */
  readonly location?: string
  readonly confidence?: string
  /** Dot paths in the row. */
  readonly evidence?: readonly string[]
  /** Notification types that are mere consequences of this one. */
  readonly explains?: readonly string[]
}

/** One callback of a skill, as a model is told of it. */
export interface CallbackDescription {
  readonly name: string
  readonly doc: string
  /** JSON Schema of the one table that the callback takes. */
  readonly inputSchema: Json
  readonly effect: 'read' | 'act' | { readonly probe: { readonly mainPauseMs: number } }
}

/** A skill without its functions. */
export interface SkillDescription {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly systemPrompt: string
  readonly callbacks: readonly CallbackDescription[]
  readonly watch: readonly WatchRule[]
  readonly drilldown: readonly DrillStep[]
  readonly custom: boolean
}

/** What the coordinator is told of a skill. */
export type SkillSummary = Pick<SkillDescription, 'id' | 'title' | 'description'>
