/**
 * When something that happens by itself starts an investigation: once for each culprit in a while,
 * and a bounded number in an hour. Pure: the hands are in `triggers.ts`.
 */
import type { Location } from './vocabulary/fields.ts'

/** What the probe gateway reports while nobody asked, as far as it starts something. */
export type Signal =
  | {
      readonly type: 'stall'
      readonly id: string
      readonly startedAt: number
      readonly durationMs: number
      readonly culprit?: Location
      /** It fills the heap: another trouble than that it blocks. */
      readonly isHeap?: boolean
    }
  | {
      readonly type: 'heap'
      readonly what: 'heap' | 'external'
      readonly fromBytes: number
      readonly toBytes: number
      readonly overMs: number
      /** Share of the heap limit in use, 0 to 100. */
      readonly usedPct: number
    }
  | {
      readonly type: 'symptom'
      readonly skill: string
      readonly key: string
      readonly reason: string
    }

/** When triggers fire. */
export interface TriggerOptions {
  readonly stalls: boolean
  readonly heap: boolean
  readonly crashes: boolean
  /** What the skills notice by themselves. */
  readonly symptoms: boolean
  /** The same culprit is not investigated again within this time. Default 15 minutes, as in beamlens. */
  readonly cooldownMs: number
  /** Investigations that start by themselves in an hour. */
  readonly maxPerHour: number
  /** Deadline of such an investigation. */
  readonly deadlineMs: number
}

/** The default: everything is watched. */
export const defaultTriggerOptions: TriggerOptions = {
  stalls: true,
  heap: true,
  crashes: true,
  symptoms: true,
  cooldownMs: 15 * 60_000,
  maxPerHour: 12,
  deadlineMs: 60_000,
}

/** Investigations that were started lately. */
export interface TriggerHistory {
  readonly fired: readonly { readonly key: string; readonly at: number }[]
}

/** What comes of a signal. */
export type TriggerDecision =
  | { readonly type: 'investigate'; readonly key: string; readonly reason: string }
  | {
      readonly type: 'suppressed'
      readonly key: string
      readonly why: 'off' | 'cooldown' | 'hourly-cap'
    }

const hourMs = 3_600_000
/** A heap that is so full is another trouble than one that grows: what fills it is told apart. */
const nearlyFullPct = 75

/** Decides on a signal and remembers what it started. */
export function decide(
  history: TriggerHistory,
  signal: Signal,
  options: TriggerOptions,
  now: number,
): readonly [TriggerHistory, TriggerDecision] {
  const key = keyOf(signal)
  const span = Math.max(hourMs, options.cooldownMs)
  const recent = history.fired.filter(({ at }) => now - at < span)
  const why = reasonAgainst(recent, key, signal, options, now)
  if (why !== undefined) return [{ fired: recent }, { type: 'suppressed', key, why }]
  return [
    { fired: [...recent, { key, at: now }] },
    { type: 'investigate', key, reason: reasonFor(signal) },
  ]
}

function reasonAgainst(
  recent: TriggerHistory['fired'],
  key: string,
  signal: Signal,
  options: TriggerOptions,
  now: number,
): 'off' | 'cooldown' | 'hourly-cap' | undefined {
  if (!isWanted(signal, options)) return 'off'
  if (recent.some((one) => one.key === key && now - one.at < options.cooldownMs)) return 'cooldown'
  const inLastHour = recent.filter(({ at }) => now - at < hourMs).length
  return inLastHour >= options.maxPerHour ? 'hourly-cap' : undefined
}

function isWanted(signal: Signal, options: TriggerOptions): boolean {
  if (signal.type === 'stall') return options.stalls
  return signal.type === 'heap' ? options.heap : options.symptoms
}

/** The culprit is a function, not a line: a loop is seen at another line each time. */
function keyOf(signal: Signal): string {
  if (signal.type === 'heap') {
    const isNearlyFull = signal.what === 'heap' && signal.usedPct >= nearlyFullPct
    return isNearlyFull ? 'memory:heap nearly full' : `memory:${signal.what}`
  }
  if (signal.type === 'symptom') return `${signal.skill}:${signal.key}`
  const { culprit, isHeap } = signal
  const what = isHeap === true ? 'heap' : 'stall'
  return culprit === undefined ? `${what}:unknown` : `${what}:${culprit.file}:${culprit.function}`
}

function reasonFor(signal: Signal): string {
  if (signal.type === 'symptom') return signal.reason
  if (signal.type === 'heap') {
    const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
    const what = signal.what === 'heap' ? 'The heap' : 'The memory outside the heap'
    return `${what} keeps growing: from ${megabytes(signal.fromBytes)} MB to ${megabytes(signal.toBytes)} MB in ${Math.round(signal.overMs / 1000)} s; ${Math.round(signal.usedPct)} % of the heap limit are in use.`
  }
  const { culprit, durationMs } = signal
  const where =
    culprit === undefined ? '' : ` in ${culprit.function} (${culprit.file}:${culprit.line})`
  const heap = signal.isHeap === true ? ', and the heap fills up meanwhile' : ''
  return `The event loop has been blocked for ${Math.round(durationMs)} ms${where}${heap}.`
}
