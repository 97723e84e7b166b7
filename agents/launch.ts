/**
 * Main's part of nodelens: the probe, the root thread, and a way to stop. It loads the runtime and
 * the probe and nothing else; the options have been checked before.
 */
import { hostname } from 'node:os'
import { basename, resolve } from 'node:path'
import {
  call,
  cast,
  child,
  type ExitReason,
  type Pid,
  type Runtime,
  receive,
  register,
  self,
  send,
  startRuntime,
} from '../runtime/index.ts'
import type { AnomalySettings } from '../skills/index.ts'
// The skills' door would load every skill into main, which needs the probe alone.
// oxlint-disable-next-line no-restricted-imports
import { installProbe, type Probe, type ProbeOptions } from '../skills/probe/probe.ts'
import type { BudgetOptions } from './budget.ts'
import type { Errand } from './errand.ts'
import type { LensPlan } from './lens-plan.ts'
import type { LookoutOptions } from './loop/lookout-state.ts'
import { isMainModelMessage, type MainModelMessage } from './main-model-messages.ts'
import type { MainModels, ModelSetting } from './models/setting.ts'
import { builder } from './servers/builder.ts'
import { mainName, names } from './servers/names.ts'
import type { ConnectRequest } from './servers/probe-server.ts'
import { unwrapAnswer } from './servers/reply-later.ts'
import { causeOfFailedStart } from './start-failure.ts'
import { emit, receiveForwarded } from './telemetry.ts'
import type { TriggerOptions } from './trigger-rules.ts'
import { isObject } from './vocabulary/json.ts'

/** Where the journal is kept, and how much of it. */
export interface JournalOption {
  readonly file: string
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/** What is started; checked. */
export interface LaunchOptions {
  readonly skills: readonly string[]
  readonly custom: NonNullable<ProbeOptions['custom']>
  readonly model: ModelSetting
  /** Functions and model objects that the setting names; they are asked in this thread. */
  readonly mainModels?: MainModels
  /** What may be spent on models; checked. */
  readonly budget?: BudgetOptions
  readonly observer?: LensPlan['observer']
  readonly insightsFile?: string
  readonly journal?: JournalOption
  /** Absent: nothing starts by itself. */
  readonly triggers?: TriggerOptions
  readonly operatorIdleMs: number
  /** The pace of each continuous operator, by skill id. */
  readonly continuous?: Readonly<Record<string, LookoutOptions>>
  /** How the skill `anomaly` learns, and where it keeps what it learned. */
  readonly anomaly?: Omit<AnomalySettings, 'application' | 'store'>
  /** Carried out as soon as the house stands. */
  readonly errand?: Errand
}

/** Nodelens in this process. */
export interface Launched {
  /** Resolves when the house stands; rejects with the reason why it does not. */
  readonly ready: Promise<Runtime>
  /** Ends all of it; harmless when repeated. */
  stop(): Promise<void>
  /** Hands an errand to the root thread; returns at once, also while main is stuck. */
  run(errand: Errand): void
}

const lensKey = Symbol.for('nodelens.lens')
/** Milliseconds without work after which an operator's thread ends, unless an option says otherwise. */
export const defaultOperatorIdleMs = 1_000
/** Milliseconds for the house to stand; a busy machine needs a second. */
const readyMs = 60_000

/** The nodelens of this process, started by whatever copy of the package. */
export function runningLens(): Launched | undefined {
  const lens: unknown = Reflect.get(globalThis, lensKey)
  return isLaunched(lens) ? lens : undefined
}

/**
 * Starts nodelens. Before it returns the root thread is on its way and needs main no more. Nothing
 * keeps the process alive, the start included.
 */
export function launch(options: LaunchOptions): Launched {
  const probe = installProbe({
    skills: options.skills,
    custom: options.custom,
    isAttached: options.errand !== undefined,
  })
  const stopForwarding = receiveForwarded()
  const starting = startRuntime({
    strategy: 'one_for_one',
    keepAlive: false,
    inheritExecArgv: false,
    ambient: false,
    holdsWhileStarting: false,
    children: [
      child(builder, {
        args: planOf(options, probe),
        placement: 'root',
        restart: 'temporary',
      }),
    ],
  })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= end(starting, probe, stopForwarding))
  const ready = starting.then((runtime) => {
    // Also when its root supervisor gives up: then nothing of nodelens stays behind.
    void runtime.closed.then((reason) => ended(reason, stop))
    return settle(runtime, probe, options.mainModels)
  })
  ready.catch(() => void stop())
  const run = (errand: Errand): void => {
    void starting.then((runtime) => runtime.act(() => cast('nodelens.builder', 'errand', errand)))
  }
  const launched: Launched = { ready, stop, run }
  Object.defineProperty(globalThis, lensKey, { value: launched, configurable: true })
  return launched
}

function ended(reason: ExitReason, stop: () => Promise<void>): Promise<void> {
  emit('lens', 'stopped', { reason: reason.type })
  return stop()
}

async function settle(
  runtime: Runtime,
  probe: Probe,
  mainModels: LaunchOptions['mainModels'],
): Promise<Runtime> {
  const hasModels = mainModels !== undefined && mainModels.size > 0
  serveRoot(
    runtime,
    probe,
    hasModels
      ? (await import('./main-model-desk.ts')).mainModelDesk(runtime, mainModels)
      : undefined,
  )
  const built = runtime.act(() =>
    call('nodelens.builder', 'ready', undefined, { timeoutMs: readyMs, holds: false }),
  )
  unwrapBuilt(await built)
  emit('lens', 'started', {})
  return runtime
}

function unwrapBuilt(built: unknown): void {
  try {
    unwrapAnswer(built)
  } catch (error) {
    throw causeOfFailedStart(error)
  }
}

/**
 * Gives a port to each probe gateway that asks: the first, and those that follow after a crash; and
 * hands on what is asked of the models that live here.
 */
function serveRoot(
  runtime: Runtime,
  probe: Probe,
  askModel: ((message: MainModelMessage) => void) | undefined,
): void {
  const next = async (): Promise<void> => {
    const request = await runtime.act(() => receive(isForMain))
    if (request === undefined) return
    if (request.type === 'nodelens-connect') {
      const port = probe.connect()
      runtime.act(() => send(request.to, { type: 'nodelens-port', port }, { transfer: [port] }))
    } else askModel?.(request)
    void next()
  }
  runtime.act(() => {
    register(mainName, self())
    void next()
  })
  const gateway: Pid | undefined = runtime.whereis(names.probe)
  if (gateway !== undefined) {
    runtime.act(() => send(gateway, { type: 'nodelens-main-is-up' }))
  }
}

async function end(
  starting: Promise<Runtime>,
  probe: Probe,
  stopForwarding: () => void,
): Promise<void> {
  const runtime = await starting.catch(() => undefined)
  await runtime?.stop()
  probe.uninstall()
  stopForwarding()
  Reflect.deleteProperty(globalThis, lensKey)
}

function planOf(options: LaunchOptions, probe: Probe): LensPlan {
  const application = process.argv[1] ?? process.cwd()
  // In the root thread these name a file of ours.
  const title = basename(application) || process.title
  const { skills, insightsFile, journal, model, observer, triggers, operatorIdleMs, errand } =
    options
  const { stateDir } = options.anomaly ?? {}
  const node = `${hostname()}:${process.pid}`
  const { continuous = {} } = options
  const watches = Object.keys(continuous).length > 0
  // Absolute, because the application may change its working directory.
  const files = insightsFile === undefined ? {} : { insightsFile: resolve(insightsFile) }
  return {
    node,
    operatorIdleMs,
    journal: journal === undefined ? files : { ...files, journal: journalOf(journal, application) },
    model: { model, isRecorded: journal !== undefined, ...budgetArgs(options.budget) },
    probe: {
      heartbeat: probe.heartbeat,
      skills,
      custom: probe.describeCustom(),
      crashes: triggers?.crashes ?? false,
      ...files,
      isJournaled: journal !== undefined,
      anomaly: {
        ...options.anomaly,
        application,
        ...(typeof stateDir === 'string' ? { stateDir: resolve(stateDir) } : {}),
      },
    },
    ...(observer === undefined ? {} : { observer: { title, ...observer } }),
    ...(triggers === undefined ? {} : { triggers }),
    ...(watches ? { lookouts: { node, operatorIdleMs, skills: continuous } } : {}),
    ...(errand === undefined ? {} : { errand }),
  }
}

function budgetArgs(budget: BudgetOptions | undefined): Partial<LensPlan['model']> {
  if (budget === undefined) return {}
  const { whenSpent, ...limits } = budget
  return whenSpent === undefined ? { limits } : { limits, whenSpent }
}

function isForMain(message: unknown): message is ConnectRequest | MainModelMessage {
  return isConnectRequest(message) || isMainModelMessage(message)
}

function journalOf(
  { file, ...bounds }: JournalOption,
  application: string,
): NonNullable<LensPlan['journal']['journal']> {
  const { pid } = process
  const host = hostname()
  const owner = { id: `${host}:${pid}:${Date.now()}`, pid, host, application }
  return { path: resolve(file), owner, bounds }
}

function isConnectRequest(message: unknown): message is ConnectRequest {
  return isObject(message) && message['type'] === 'nodelens-connect'
}

function isLaunched(value: unknown): value is Launched {
  return isObject(value) && typeof value['stop'] === 'function'
}
