/**
 * The rule of beamlens 0.3.1's anomaly detector, from its description: mean and standard deviation of the last
 * of two hours after the start, never updated; a metric is out beyond three deviations; three ticks with any
 * metric out start an investigation; a quarter of an hour's pause, three in an hour.
 * @see reference/beamlens.md, section 6.14
 */

const TICK_MS = 30_000
const LEARN_MS = 2 * 3_600_000
const HISTORY_MS = 3_600_000
const SIGMAS = 3
const CONSECUTIVE = 3
const COOLDOWN_MS = 15 * 60_000
const PER_HOUR = 3
const HOUR_MS = 3_600_000

interface Learned {
  count: number
  sum: number
  squares: number
}

/** Plain data: a structured clone is the detector at that moment. */
export interface PeerState {
  startedAt: number
  lastTickAt: number
  consecutive: number
  cooldownUntil: number
  readonly learned: Map<string, Learned>
  given: number[]
}

export function makePeer(startedAt: number): PeerState {
  const learned = new Map<string, Learned>()
  return { startedAt, lastTickAt: -Infinity, consecutive: 0, cooldownUntil: 0, learned, given: [] }
}

/** One reading; returns the metrics that it names if it starts an investigation. */
export function stepPeer(
  state: PeerState,
  at: number,
  values: ReadonlyMap<string, number>,
): readonly string[] | undefined {
  if (at - state.lastTickAt < TICK_MS) return undefined
  state.lastTickAt = at
  const elapsedMs = at - state.startedAt
  if (elapsedMs < LEARN_MS) {
    if (elapsedMs >= LEARN_MS - HISTORY_MS) learn(state, values)
    return undefined
  }
  if (at < state.cooldownUntil) return undefined
  const out = [...values].filter(([id, value]) => isOut(state.learned.get(id), value))
  state.consecutive = out.length > 0 ? state.consecutive + 1 : 0
  if (state.consecutive < CONSECUTIVE) return undefined
  state.consecutive = 0
  state.cooldownUntil = at + COOLDOWN_MS
  state.given = state.given.filter((given) => at - given < HOUR_MS)
  if (state.given.length >= PER_HOUR) return undefined
  state.given.push(at)
  return out.map(([id]) => id)
}

function learn(state: PeerState, values: ReadonlyMap<string, number>): void {
  for (const [id, value] of values) {
    const known = state.learned.get(id) ?? { count: 0, sum: 0, squares: 0 }
    known.count += 1
    known.sum += value
    known.squares += value * value
    state.learned.set(id, known)
  }
}

function isOut(learned: Learned | undefined, value: number): boolean {
  if (learned === undefined) return false
  const mean = learned.sum / learned.count
  const deviation = Math.sqrt(Math.max(0, learned.squares / learned.count - mean * mean))
  // the rounding of a sum is no variance: what never varied is never out
  if (deviation <= Math.abs(mean) * 1e-7) return false
  return Math.abs(value - mean) / deviation > SIGMAS
}
