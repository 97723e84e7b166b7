import type { MessagePort } from 'node:worker_threads'
import { type AnomalySettings, anomalyOptionsOf } from '../anomaly/settings.ts'
import type { SkillDescription } from '../contract.ts'
import { OUTSIDE_PARTS } from './outside-parts.ts'
import type { GatewaySignal } from './signal.ts'

/** Ids of the skills that come with nodelens; `base` is always there. */
export const BUILT_IN_SKILLS: readonly string[] = [
  'vm',
  'tables',
  'vm_events',
  ...OUTSIDE_PARTS.map(({ id }) => id),
]

/** What `createGateway` takes. */
export interface GatewayOptions {
  /** From `installProbe`. */
  readonly heartbeat: SharedArrayBuffer
  /** Brings a port from `probe.connect()`; called once, at start. Until it comes, the inspector serves. */
  readonly connect: () => Promise<MessagePort>
  /** Built-in skills to serve, by id. */
  readonly skills: readonly string[]
  /** From `probe.describeCustom()`. */
  readonly custom: readonly SkillDescription[]
  /** For a crash main waits until the returned promise settles, a second at most. */
  readonly onSignal: (signal: GatewaySignal) => unknown
  /** Longest pause that diagnosis may cost main in a minute. Default 1500 ms. */
  readonly mainPauseMsPerMinute?: number
  /** Folder that paths in texts are relative to. Default the working directory. */
  readonly root?: string
  /** How the skill `anomaly` learns, and where it keeps what it learned. */
  readonly anomaly?: AnomalySettings
}

const KNOWN = [
  'heartbeat',
  'connect',
  'skills',
  'custom',
  'onSignal',
  'mainPauseMsPerMinute',
  'root',
  'anomaly',
]

export function checkGatewayOptions(options: GatewayOptions): Required<GatewayOptions> {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new TypeError(`createGateway: unknown option '${key}'; expected ${KNOWN.join(', ')}`)
    }
  }
  const unknown = options.skills.find((id) => id !== 'base' && !BUILT_IN_SKILLS.includes(id))
  if (unknown !== undefined) {
    throw new TypeError(
      `createGateway: unknown skill '${unknown}'; built in are ${BUILT_IN_SKILLS.join(', ')}`,
    )
  }
  anomalyOptionsOf(options.anomaly ?? {})
  return { mainPauseMsPerMinute: 1500, root: process.cwd(), anomaly: {}, ...options }
}
