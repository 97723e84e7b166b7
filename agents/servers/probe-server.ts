/**
 * The probe gateway as an actor in the root thread: the only way of the agents into main. Signals
 * go to the triggers; a crash is written down here and now, while main waits for it.
 */
import { MessagePort } from 'node:worker_threads'
import { cast, type Pid, type ServerContext, send, server, whereis } from '../../runtime/index.ts'
import {
  type AnomalySettings,
  createGateway,
  type Gateway,
  type GatewaySignal,
  type SkillDescription,
} from '../../skills/index.ts'
import { crashInsight } from '../crash-insight.ts'
import { insightsFile } from '../insights-file.ts'
import { cleaned } from '../models/clean-data.ts'
import { repeatedCrashes } from '../repeated-crash.ts'
import { emit } from '../telemetry.ts'
import { isObject, type Json } from '../vocabulary/json.ts'
import { recordOf } from './journal-client.ts'
import { mainName, names } from './names.ts'
import { cleanError, ownSecrets } from './own-secrets.ts'
import { replyLater } from './reply-later.ts'
import { newRunId } from './run-id.ts'

/** What the gateway is started with. */
export interface ProbeArgs {
  readonly heartbeat: SharedArrayBuffer
  /** Built-in skills. */
  readonly skills: readonly string[]
  readonly custom: readonly SkillDescription[]
  readonly insightsFile?: string
  /** Crashes are made insights. */
  readonly crashes: boolean
  /** How the skill `anomaly` learns. */
  readonly anomaly?: AnomalySettings
}

interface State {
  readonly gateway: Gateway
  readonly plugPort: (port: MessagePort) => void
  /** Literal secrets of the process; its data enters here, and goes on without them. */
  readonly secrets: readonly string[]
}

/** What main is asked for. */
export interface ConnectRequest {
  readonly type: 'nodelens-connect'
  readonly to: Pid
}

export const probe = server(import.meta, {
  name: names.probe,
  // So that `terminate` runs when the supervisor ends it.
  trapExit: true,
  init: (args: ProbeArgs, context): State => {
    const { heartbeat, skills, custom, anomaly = {} } = args
    const isRepeated = repeatedCrashes()
    const secrets = ownSecrets()
    let plugPort: (port: MessagePort) => void = () => {}
    const port = new Promise<MessagePort>((resolve) => {
      plugPort = resolve
    })
    const gateway = createGateway({
      heartbeat,
      skills,
      custom,
      anomaly,
      connect: () => port,
      onSignal: (signal) => hear(cleaned(signal, secrets), args, isRepeated),
    })
    askForPort(context.self)
    return { gateway, plugPort, secrets }
  },
  calls: {
    describe: (state: State) => ({ reply: state.gateway.describe(), state }),
    /** Answers later, with an `Answer<SnapshotAnswer>`. */
    snapshot: (
      state: State,
      { skill, timeoutMs }: { skill: string; timeoutMs: number },
      context: ServerContext,
    ) => {
      replyLater(context, () => clean(state, state.gateway.snapshot(skill, { timeoutMs })))
      return { state }
    },
    /** Calls a callback of a skill; answers later, with an `Answer<Json>`. */
    call: (
      state: State,
      { name, input, timeoutMs }: { name: string; input: Json; timeoutMs: number },
      context: ServerContext,
    ) => {
      replyLater(context, () => clean(state, state.gateway.call(name, input, { timeoutMs })))
      return { state }
    },
  },
  info: (state: State, message: unknown, context) => {
    if (!isObject(message)) return { state }
    if (message['type'] === 'nodelens-main-is-up') askForPort(context.self)
    if (message['type'] === 'nodelens-port' && message['port'] instanceof MessagePort) {
      state.plugPort(message['port'])
    }
    return { state }
  },
  terminate: ({ gateway }: State) => gateway.stop(),
})

/** What the application answers, or throws, without secrets. */
async function clean<Value>({ secrets }: State, answer: Promise<Value>): Promise<Value> {
  try {
    return cleaned(await answer, secrets)
  } catch (error) {
    cleanError(error, secrets)
    throw error
  }
}

/** Main may not be there yet, or be stuck: until the port comes, the gateway uses the inspector. */
function askForPort(to: Pid): void {
  const request: ConnectRequest = { type: 'nodelens-connect', to }
  if (whereis(mainName) !== undefined) send(mainName, request)
}

/** Called from the gateway's timers, outside of any actor. */
function hear(
  signal: GatewaySignal,
  args: ProbeArgs,
  isRepeated: ReturnType<typeof repeatedCrashes>,
): void {
  if (signal.type === 'crash') {
    if (args.crashes && !isRepeated(signal, Date.now())) writeCrash(signal, args)
    return
  }
  if (signal.type === 'budget-exhausted') {
    return emit('lens', 'degraded', { why: 'main-pause-budget', spentMs: signal.spentMs })
  }
  if (signal.type === 'history-degraded' || signal.type === 'skill-degraded') {
    const { why, what, message: text } = signal
    const part = signal.type === 'history-degraded' ? 'history' : signal.skill
    return emit('lens', 'degraded', { why: `${part}-${why}`, what, message: text })
  }
  if (signal.type === 'skill-state-changed') {
    const { skill, from, to } = signal
    return emit('skill', 'state-changed', { skill, from, to })
  }
  if (signal.type === 'symptom-held') {
    const why = signal.why === 'hourly-bound' ? 'hourly-cap' : signal.why
    return emit('trigger', 'suppressed', { key: `${signal.skill}:${signal.key}`, why })
  }
  if (whereis(names.triggers) !== undefined) send(names.triggers, { type: 'signal', signal })
}

/** All of it is done when this returns: main waits for nothing else, then it is gone. */
function writeCrash(crash: Extract<GatewaySignal, { type: 'crash' }>, args: ProbeArgs): void {
  const runId = newRunId()
  const insight = crashInsight(crash, runId, Date.now())
  const failure =
    args.insightsFile === undefined ? undefined : insightsFile(args.insightsFile).append(insight)
  if (failure !== undefined) {
    emit('insights', 'write-failed', { file: args.insightsFile, message: failure.message })
  }
  cast(names.journal, 'appendWritten', recordOf(runId, { type: 'insight', insight }))
  emit('trigger', 'fired', { runId, key: 'crash', reason: insight.summary })
}
