/**
 * Main's part of nodelens: the probe, the root thread, and a way to stop. It loads the runtime and
 * the probe, nothing else; options have been checked before.
 */
import { hostname } from 'node:os'
import { call, type Runtime, receive, self, send, startRuntime, child } from '../runtime/index.ts'
// The skills' door would load every skill into main, which needs the probe alone.
// oxlint-disable-next-line no-restricted-imports
import { installProbe, type Probe, type ProbeOptions } from '../skills/probe/probe.ts'
import { LensRunning } from './errors.ts'
import type { LensPlan } from './lens-plan.ts'
import type { ModelSetting } from './models/setting.ts'
import { builder } from './servers/builder.ts'
import { unwrapAnswer } from './servers/reply-later.ts'
import type { ConnectRequest } from './servers/probe-server.ts'
import { emit, receiveForwarded } from './telemetry.ts'
import type { TriggerOptions } from './trigger-rules.ts'
import { isObject } from './vocabulary/json.ts'

/** What is started; checked. */
export interface LaunchOptions {
  readonly skills: readonly string[]
  readonly custom: NonNullable<ProbeOptions['custom']>
  readonly model: ModelSetting
  readonly observer?: LensPlan['observer']
  readonly insightsFile?: string
  readonly journal?: string
  readonly triggers?: TriggerOptions
  readonly operatorIdleMs: number
}

/** Nodelens, started. */
export interface Launched {
  readonly runtime: Runtime
  /** Resolves when the house stands; rejects with the reason why it does not. */
  readonly ready: Promise<void>
  /** Ends all of it; harmless when repeated. */
  stop(): Promise<void>
}

const lensKey = Symbol.for('nodelens.lens')

/** The nodelens of this process, started by whatever copy of the package. */
export function runningLens(): Launched | undefined {
  const lens: unknown = Reflect.get(globalThis, lensKey)
  return isLaunched(lens) ? lens : undefined
}

function isLaunched(value: unknown): value is Launched {
  return isObject(value) && typeof value['stop'] === 'function'
}
