export { type CallOptions, call, cast, DEFAULT_CALL_MS } from './call.ts'
export {
  type ChildOptions,
  type ChildSpec,
  child,
  type Shutdown,
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
export { type DynamicSupervisorOptions, dynamicSupervisor } from './dynamic-supervisor.ts'
export {
  AlreadyRegistered,
  AlreadyStarted,
  CallingSelf,
  CallTimeout,
  Exit,
  isRuntimeFailure,
  NoProcess,
  NotRunning,
  NotSendable,
  ProcessDown,
  RuntimeFailure,
  StartFailed,
} from './errors.ts'
export { describeReason, type ExitReason, isAbnormal, isExitReason } from './exit-reason.ts'
export { checkKeys, checkName, checkNumber, checkOneOf, nearest } from './options.ts'
export { isPid, isRef, type Pid, type Ref } from './pid.ts'
export type { Placement } from './placement.ts'
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
export type { RestartType, Strategy } from './restart-plan.ts'
export { rootTree } from './root.ts'
export { type Runtime, type RuntimeOptions, startRuntime } from './runtime.ts'
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
  self,
  send,
  trapExit,
  unlink,
  unregister,
  whereis,
} from './signals.ts'
export { type SpawnOptions, spawn, spawnMonitor } from './spawn.ts'
export {
  DynamicSupervisor,
  type DynamicSupervisorRef,
  type StartOptions,
  Supervisor,
  type SupervisorRef,
  startServer,
} from './start.ts'
export { supervisor } from './supervisor.ts'
export type { ChildCounts, ChildInfo } from './supervisor-state.ts'
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
export { fromWireError, isWireError, printable, toWireError, type WireError } from './wire.ts'
