import type { Json } from './json.ts'

/** How bad something is. */
export type Severity = 'info' | 'warning' | 'critical'

/** One test on one field; every limit that is given must hold. */
export interface Condition {
  /** Dot path into the row or snapshot. */
  readonly field: string
  readonly above?: number
  readonly below?: number
  readonly equals?: Json
  /** true: the field is there and not null; false: it is absent or null. */
  readonly present?: boolean
}

/** A limit on one number of the snapshot; plain data, so that it crosses threads. */
export interface WatchRule {
  /** Dot path into the snapshot. */
  readonly metric: string
  readonly above?: number
  readonly below?: number
  readonly severity: Severity
  /** Notification type. Default `${skill}_${metric}`. */
  readonly type?: string
  /** Template: `{value}` is the metric, `{dot.path}` any field of the snapshot. */
  readonly observation: string
  readonly hypothesis?: string
  readonly remediation?: string
}

/** What a drill-down row becomes when it counts; templates over the row, `{snapshot.path}` allowed. */
export interface DrillNotice {
  readonly type: string
  /** A literal severity or a template such as `'{severity}'`. */
  readonly severity: string
  readonly context: string
  readonly observation: string
  readonly hypothesis?: string
  readonly remediation?: string
  /** Dot path in the row to `{ file, line, function, package? }`. */
  readonly location?: string
  readonly confidence?: string
  /** Dot paths in the row whose values are the evidence. */
  readonly evidence?: readonly string[]
  /** Notification types that are mere consequences of this one. */
  readonly explains?: readonly string[]
}

/** One step that a model without an LLM takes: run Lua, keep the rows that count, notify each. */
export interface DrillStep {
  readonly id: string
  /** On the newest snapshot; all must hold. Absent: always. */
  readonly when?: readonly Condition[]
  /** Lua that returns one row (a table) or a list of rows. */
  readonly code: string
  /** Which rows count. Absent: all. */
  readonly rows?: readonly Condition[]
  /** Rows taken at most. Default 3. */
  readonly limit?: number
  readonly notify: DrillNotice
}

/** What a callback does to the application: nothing, a short pause of main, or a change. */
export type CallbackEffect = 'read' | { readonly probe: { readonly mainPauseMs: number } } | 'act'

/** A callback as prompts and other threads see it. */
export interface CallbackDescription {
  readonly name: string
  readonly doc: string
  /** JSON Schema of the one table that the callback takes. */
  readonly inputSchema: Json
  readonly effect: CallbackEffect
}

/** A skill without its functions: plain data that crosses threads. */
export interface SkillDescription {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly systemPrompt: string
  readonly callbacks: readonly CallbackDescription[]
  readonly watch: readonly WatchRule[]
  readonly drilldown: readonly DrillStep[]
  /** true: its functions run in the main thread, in the application that defined it. */
  readonly custom: boolean
}

/**
 * What the probe needs of a schema: the Standard Schema interface, which valibot objects have.
 * The probe asks the schema itself, so main never loads a validation library for it.
 * @see https://standardschema.dev
 */
export interface InputSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly output: Output } | undefined
  }
}

/** Where an application's author should look. */
export interface Location {
  readonly file: string
  readonly line: number
  readonly function: string
  /** `name@version` when the fault sits in a package that this place calls. */
  readonly package?: string
}
