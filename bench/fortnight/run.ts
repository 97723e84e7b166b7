import { parseBaselines, renderBaselines } from '../../skills/anomaly/baseline-text.ts'
import { Detector, type Outcome, type SavedDetector } from '../../skills/anomaly/detector.ts'
import type { Metric } from '../../skills/anomaly/metric-source.ts'
import { DEFAULT_OPTIONS } from '../../skills/anomaly/options.ts'
import { DAY_MS, STEP_MS } from './calendar.ts'
import type { Fault } from './faults.ts'
import { makePeer, type PeerState, stepPeer } from './peer.ts'
import { makeService, metricsOf, type ServiceState, stepService, TOTALS } from './service.ts'

/** A Monday at midnight, UTC. */
const EPOCH = Date.UTC(2026, 0, 5)

/** A trigger of either detector. */
export interface Triggered {
  readonly at: number
  readonly named: readonly string[]
  readonly text: string
}

/** Everything that goes on in a simulated machine; can be carried on from a copy. */
export interface World {
  readonly service: ServiceState
  detector: Detector
  readonly metrics: Metric[]
  peer: PeerState
  /** The same rule, spared all that only grows. */
  sparedPeer: PeerState
  at: number
}

export function makeWorld(seed: number, days: number): World {
  const service = makeService(seed, days)
  const detector = startDetector(0, 0, undefined)
  return { service, detector, metrics: [], peer: makePeer(0), sparedPeer: makePeer(0), at: 0 }
}

/** The same world, to be carried on by itself. */
export function copyWorld(world: World): World {
  const saved = throughText(world.detector.save(EPOCH + world.at))
  const startedAt = world.detector.startedAt - EPOCH
  return {
    service: structuredClone(world.service),
    detector: startDetector(startedAt, world.service.version, saved),
    metrics: [...world.metrics],
    peer: structuredClone(world.peer),
    sparedPeer: structuredClone(world.sparedPeer),
    at: world.at,
  }
}

/** Who triggered at a step. */
export interface Step {
  readonly ours: Triggered | undefined
  readonly peers: Triggered | undefined
  readonly hasSparedPeer: boolean
}

/** Goes one step on; `change` may put a fault into the readings. */
export function stepWorld(
  world: World,
  change: (values: Map<string, number>) => void = () => {},
): Step {
  const { at } = world
  world.at += STEP_MS
  const sample = stepService(world.service, at)
  if (sample.start !== undefined && at > 0) restart(world, at)
  const values = new Map(sample.values)
  change(values)
  if (world.metrics.length === 0) world.metrics.push(...metricsOf(values.keys()))
  const outcome = world.detector.take(EPOCH + at, values, world.metrics)
  const named = stepPeer(world.peer, at, values)
  for (const id of TOTALS) values.delete(id)
  const hasSparedPeer = stepPeer(world.sparedPeer, at, values) !== undefined
  return {
    ours: triggeredOf(outcome, at),
    peers: named === undefined ? undefined : { at, named, text: named.join(', ') },
    hasSparedPeer,
  }
}

/** The process ends and starts: what is known goes through the file's text. */
function restart(world: World, at: number): void {
  const saved = throughText(world.detector.save(EPOCH + at))
  world.detector = startDetector(at, world.service.version, saved)
  world.peer = makePeer(at)
  world.sparedPeer = makePeer(at)
}

function throughText(saved: SavedDetector): SavedDetector {
  const owner = { application: 'service.js', intervalMs: DEFAULT_OPTIONS.intervalMs }
  const parsed = parseBaselines(renderBaselines(saved, owner), owner)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.saved
}

function startDetector(
  startedAt: number,
  version: number,
  saved: SavedDetector | undefined,
): Detector {
  return new Detector(DEFAULT_OPTIONS, {
    startedAt: EPOCH + startedAt,
    fingerprint: `version ${version}`,
    saved,
  })
}

function triggeredOf(outcome: Outcome, at: number): Triggered | undefined {
  if (outcome.type !== 'trigger') return undefined
  const { leader, together } = outcome
  return {
    at,
    named: [leader.id, ...together.map(({ id }) => id)],
    text: `${leader.id} ${leader.direction} ${leader.before.toFixed(1)} -> ${leader.now.toFixed(1)} (${leader.against}) with ${together.map(({ id }) => id).join(', ')}`,
  }
}

export interface HealthyRun {
  readonly ours: readonly Triggered[]
  readonly peers: readonly Triggered[]
  readonly sparedPeers: number
  /** The world at the end of each day asked for. */
  readonly kept: readonly World[]
}

/** Runs a healthy service for some days; keeps copies of the world at some moments. */
export function runHealthy(seed: number, days: number, keepAt: readonly number[] = []): HealthyRun {
  const world = makeWorld(seed, Math.max(days, 14))
  const ours: Triggered[] = []
  const peers: Triggered[] = []
  const kept: World[] = []
  let sparedPeers = 0
  while (world.at < days * DAY_MS) {
    if (keepAt.includes(world.at)) kept.push(copyWorld(world))
    const step = stepWorld(world)
    if (step.ours !== undefined) ours.push(step.ours)
    if (step.peers !== undefined) peers.push(step.peers)
    if (step.hasSparedPeer) sparedPeers += 1
  }
  return { ours, peers, sparedPeers, kept }
}

/** How long each took to name a metric of the fault; undefined: it did not. */
export interface Delays {
  readonly ours: number | undefined
  readonly peers: number | undefined
}

/** Carries a copy of the world on with a fault. */
export function runFault(world: World, fault: Fault, excused: ReadonlySet<string>): Delays {
  const copy = copyWorld(world)
  const from = copy.at
  let ours: number | undefined
  let peers: number | undefined
  while (copy.at - from < fault.watchMs && (ours === undefined || peers === undefined)) {
    const sinceMs = copy.at - from
    const step = stepWorld(copy, (values) => fault.apply(values, sinceMs))
    const names = (one: Triggered | undefined, not: ReadonlySet<string>): boolean =>
      one?.named.some((id) => fault.metrics.includes(id) && !not.has(id)) ?? false
    if (names(step.ours, new Set())) ours ??= sinceMs
    if (names(step.peers, excused)) peers ??= sinceMs
  }
  return { ours, peers }
}
