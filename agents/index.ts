/**
 * nodelens: autonomous supervision of a Node process, from inside.
 *
 * ```ts
 * const lens = await start({ skills: ['vm', 'tables', 'vm_events'], observer: { port: 4680 } })
 * // from any module, in any thread of the process:
 * const { insights } = await Coordinator.run({ reason: 'memory alert' }, { deadlineMs: 60_000 })
 * for (const { summary, location } of insights) console.log(summary, location)
 * await lens.stop()
 * ```
 *
 * A coordinator starts operators, one for each skill that may know something; they take snapshots,
 * run Lua over the skill's callbacks and report what they see; the coordinator makes insights of it:
 * what is wrong, where (function, file, line), how sure, on which evidence. All of it runs outside
 * of the main thread and goes on while that is stuck. Stalls, crashes and growing memory start an
 * investigation by themselves. docs/agents.md has the life cycle, the events and the bounds.
 */

export type { DefinedSkill, SkillCallback, SkillDefinition } from '../skills/index.ts'
export { defineSkill } from '../skills/index.ts'
export type { BudgetOptions } from './budget.ts'
export { Coordinator } from './client/coordinator.ts'
export { Operator, type OperatorRunHandle } from './client/operator.ts'
export type { CoordinatorStatus, OperatorStatus } from './client/protocol.ts'
export type { CoordinatorRunOptions, OperatorRunOptions, RunContext } from './client/run-options.ts'
export {
  ClientTimeout,
  JournalUnusable,
  LensNotRunning,
  LensRunning,
  LensStopped,
  NoAnswer,
  RunFailed,
  TooManyRuns,
  UnknownRun,
  UnknownSkill,
} from './errors.ts'
export { type JournalRecord, journalVersion } from './journal.ts'
export type { CoordinatorResult, OperatorReport, RunOutcome } from './loop/coordinator-run.ts'
export type { NoAnswerReason, OperatorAnswer, OperatorResult } from './loop/operator-run.ts'
export type { AiSdkModel, ModelAnswer, ModelFunction, ModelPrompt } from './models/main-model.ts'
export type { ModelOption, ProviderOption } from './models/setting.ts'
export { connectOpenTelemetry, type OpenTelemetryOptions } from './open-telemetry/connect.ts'
export type { OperatorModeOptions, OperatorModes } from './operator-modes.ts'
export {
  coordinatorResultSchema,
  journalRecordSchema,
  operatorResultSchema,
} from './schemas.ts'
export type { RunStatus } from './servers/run-status.ts'
export { type Lens, start } from './start.ts'
export type { StartOptions } from './start-options.ts'
export { type HistoryOptions, readHistory } from './storage/history.ts'
export {
  type History,
  type HistoryRun,
  type HistorySpending,
  historySchema,
  historyVersion,
} from './storage/history-schema.ts'
export { type TelemetryEvent, telemetry, telemetryEvents } from './telemetry.ts'
export type { TriggerOptions } from './trigger-rules.ts'
export type { Confidence, Evidence, Location, Severity } from './vocabulary/fields.ts'
export { type Insight, insightSchema } from './vocabulary/insight.ts'
export type { ModelFailure } from './vocabulary/model-reply.ts'
export { type Notification, notificationSchema, type Snapshot } from './vocabulary/notification.ts'
export type { CoordinatorStrategy, StrategyDecision, StrategyView } from './vocabulary/strategy.ts'
