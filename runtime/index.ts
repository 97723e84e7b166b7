export { alias, type MonitorOptions, unalias } from './alias.ts'
export { Application, type ApplicationSpec } from './application.ts'
export { type CallOptions, call, cast, DEFAULT_CALL_MS } from './call.ts'
export {
  type ChannelDefinition,
  type ChannelHandle,
  type ChannelSpec,
  channel,
} from './channel/channel.ts'
export { ChannelFull, ChannelTaken } from './channel/errors.ts'
export type { FieldType, RecordFields, RecordOf } from './channel/layout.ts'
export type { ChannelReceiver } from './channel/receiver.ts'
export type { ChannelPolicy, ChannelSender } from './channel/sender.ts'
export type { ChannelWaitOptions, Waited } from './channel/wait.ts'
export {
  type ChildOptions,
  type ChildSpec,
  child,
  type Modules,
  type Shutdown,
  type SupervisorInit,
  type SupervisorOptions,
} from './child-spec.ts'
export {
  actor,
  type BodyDefinition,
  IGNORE,
  type Next,
  type Reply,
  type ServerContext,
  type ServerDefinition,
  type ServerSpec,
  type Settled,
  server,
} from './definition.ts'
export {
  type DynamicSupervisorInit,
  type DynamicSupervisorOptions,
  dynamicSupervisor,
} from './dynamic-supervisor.ts'
export { type ErrorClass, registerErrorClass } from './error-classes.ts'
export {
  AlreadyRegistered,
  AlreadyStarted,
  CallbackFailed,
  type CallInfo,
  CallingSelf,
  CallTimeout,
  ChildError,
  type ChildErrorCode,
  Exit,
  isRuntimeFailure,
  MailboxFull,
  NoProcess,
  NotRunning,
  NotSendable,
  ProcessDown,
  RuntimeFailure,
  StartFailed,
  TaskExited,
} from './errors.ts'
export { describeReason, type ExitReason, isAbnormal, isExitReason } from './exit-reason.ts'
export type { ForeignCalls, ForeignDefinition, ForeignIdentity } from './foreign.ts'
export { type ForeignProcessSpec, foreignProcess } from './foreign-process.ts'
export { type ForeignWorkerSpec, foreignWorker } from './foreign-worker.ts'
export type { StatusParts } from './format-status.ts'
export type { GroupMembers } from './group-server.ts'
export { type Initial, initial, type Refusal, refuse } from './init-result.ts'
export {
  DEFAULT_HIGH_WATER,
  type MailboxOptions,
  type MailboxPolicy,
} from './mailbox-options.ts'
export { meter } from './meter.ts'
export { type ObserverChildOptions, observer } from './observer-child.ts'
export { checkKeys, checkName, checkNumber, checkOneOf, nearest } from './options.ts'
export {
  type PartitionOptions,
  PartitionSupervisor,
  partitionSupervisor,
} from './partition-supervisor.ts'
export { isPid, isRef, type Pid, type Ref } from './pid.ts'
export type { Placement } from './placement.ts'
export type { CurrentFunction } from './process.ts'
export {
  type GroupMessage,
  type GroupScopeOptions,
  type GroupsRef,
  isGroupMessage,
  ProcessGroups,
  processGroups,
} from './process-groups.ts'
export {
  getLabel,
  isAlive,
  type ProcessInfo,
  processes,
  processInfo,
  setLabel,
} from './process-info.ts'
export { Registry, RegistryRef, registry } from './registry.ts'
export type { RegistryName } from './registry-name.ts'
export type { RegistryEntry, RegistryOptions } from './registry-server.ts'
export {
  type ChildFacts,
  formatReport,
  isReport,
  type ProcessFacts,
  type Report,
} from './report.ts'
export type { AutoShutdown, RestartType, Strategy } from './restart-plan.ts'
export { rootTree } from './root.ts'
export { type Runtime, startRuntime } from './runtime.ts'
export type { RuntimeOptions } from './runtime-options.ts'
export { refOf, type ServerRef } from './server-ref.ts'
export {
  type CallFrom,
  type DownMessage,
  type ExitMessage,
  isDownMessage,
  isExitMessage,
} from './signal.ts'
export {
  demonitor,
  exit,
  link,
  monitor,
  receive,
  register,
  type SendOptions,
  self,
  send,
  trapExit,
  unlink,
  unregister,
  whereis,
} from './signals.ts'
export { type SpawnOptions, spawn, spawnMonitor } from './spawn.ts'
export type { Special, SpecialOptions } from './special-process.ts'
export { type StartOptions, startServer } from './start.ts'
export { stop } from './stop.ts'
export { supervisor } from './supervisor.ts'
export type { ChildCounts, ChildInfo } from './supervisor-state.ts'
export {
  DynamicSupervisor,
  type DynamicSupervisorRef,
  Supervisor,
  type SupervisorRef,
  type SupervisorTarget,
} from './supervisors.ts'
export {
  type RunsThere,
  type SpyArgs,
  type SystemOptions,
  type SystemStatus,
  type SystemTarget,
  sys,
} from './sys.ts'
export type { SystemEvent, SystemStatistics } from './system-debug.ts'
export { DEFAULT_TASK_MS, Task, type TaskOptions } from './task.ts'
export type { TaskBody, TaskChildOptions } from './task-process.ts'
export { isTaskMessage, type TaskMessage, type TaskResult } from './task-result.ts'
export type { StreamOptions, StreamResult } from './task-stream.ts'
export { type SupervisedTaskOptions, TaskSupervisor, taskSupervisor } from './task-supervisor.ts'
export type { YieldManyOptions } from './task-yield.ts'
export { type RuntimeEventName, runtimeEvents } from './telemetry.ts'
export type { ThreadLimits, ThreadOptions, WatchdogOptions } from './thread-options.ts'
export {
  type CancelOptions,
  cancelTimer,
  readTimer,
  sendAfter,
  sleep,
  startTimer,
  type TimerOptions,
} from './timers.ts'
export type { ThreadRef, TreeEvent, TreeNode, TreeSource } from './tree-event.ts'
export { reportsTo } from './tree-follower.ts'
export { fromWireError, isWireError, printable, toWireError, type WireError } from './wire.ts'
