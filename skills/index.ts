/**
 * Skills: what nodelens can see of the process it lives in.
 *
 * The probe sits in main and is tiny; the gateway sits in another thread and reaches main by a
 * port while it turns, by the inspector while it is stuck. A skill is a snapshot, callbacks, and
 * plain-data rules that work without any model.
 */

export type { BaselineStore } from './anomaly/baseline-store.ts'
export type { AnomalySettings } from './anomaly/settings.ts'
export { evaluateConditions } from './conditions.ts'
export type {
  CallbackDescription,
  CallbackEffect,
  Condition,
  DrillNotice,
  DrillStep,
  InputSchema,
  Location,
  Severity,
  SkillDescription,
  WatchRule,
} from './contract.ts'
export { EXCEPTION_CHANNEL, type ReportedException, reportException } from './exception/report.ts'
export { SkillFailure, type SkillFailureCode } from './failure.ts'
export {
  type CallOptions,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type SnapshotAnswer,
  type SnapshotOptions,
} from './gateway/gateway.ts'
export type { CrashReport } from './gateway/heartbeat-reader.ts'
export type { Via } from './gateway/main-access.ts'
export { BUILT_IN_SKILLS } from './gateway/options.ts'
export type { GatewaySignal } from './gateway/signal.ts'
export type { MetricReadings } from './history/feed.ts'
export { atPath, type Json, type JsonRecord } from './json.ts'
export { type Collection, registerCollection } from './probe/collections.ts'
export type { DefinedSkill, SkillCallback, SkillDefinition } from './probe/defined.ts'
export { installProbe, type Probe, type ProbeOptions } from './probe/probe.ts'
export { defineSkill, type SkillInput } from './skill.ts'
export { renderTemplate } from './template.ts'
