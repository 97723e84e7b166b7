/** Faults of stated sizes, put into the readings of a service from a moment on. */

export interface Fault {
  readonly name: string
  readonly kind: 'step' | 'ramp' | 'spike'
  /** Metrics that it shows in: any of them named is a detection. */
  readonly metrics: readonly string[]
  /** Changes the readings; `sinceMs` since the fault began. */
  readonly apply: (values: Map<string, number>, sinceMs: number) => void
  /** It is watched for so long. */
  readonly watchMs: number
  /** It is too small or too short to be told of: the fewer are, the better. */
  readonly isHarmless?: boolean
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const LATENCY = ['http_inSlowestP99Ms', 'http_inP50Ms', 'http_inOldestMs', 'http_inOpen']

function times(values: Map<string, number>, ids: readonly string[], factor: number): void {
  for (const id of ids) values.set(id, (values.get(id) ?? 0) * factor)
}

function plus(values: Map<string, number>, id: string, amount: number): void {
  values.set(id, (values.get(id) ?? 0) + amount)
}

const latencyStep = (factor: number, isHarmless = false): Fault => ({
  name: `latency × ${factor}`,
  kind: 'step',
  metrics: LATENCY,
  watchMs: 4 * HOUR_MS,
  isHarmless,
  apply: (values) => times(values, LATENCY, factor),
})

const latencyRamp = (factor: number, hours: number): Fault => ({
  name: `latency × ${factor} within ${hours} h`,
  kind: 'ramp',
  metrics: LATENCY,
  watchMs: (hours + 6) * HOUR_MS,
  apply: (values, sinceMs) =>
    times(values, LATENCY, factor ** Math.min(1, sinceMs / (hours * HOUR_MS))),
})

const latencySpike = (factor: number, seconds: number, isHarmless = false): Fault => ({
  name: `latency × ${factor} for ${seconds} s`,
  kind: 'spike',
  metrics: LATENCY,
  watchMs: 30 * MINUTE_MS,
  isHarmless,
  apply: (values, sinceMs) => {
    if (sinceMs < seconds * 1000) times(values, LATENCY, factor)
  },
})

export const FAULTS: readonly Fault[] = [
  latencyStep(1.3, true),
  latencyStep(2),
  latencyStep(3),
  latencyStep(5),
  {
    name: 'errors 0 → 1 a second',
    kind: 'step',
    metrics: ['logger_errorsPerSecond'],
    watchMs: 4 * HOUR_MS,
    apply: (values) => plus(values, 'logger_errorsPerSecond', 1),
  },
  {
    name: 'waiters of the pool 0 → 20',
    kind: 'step',
    metrics: ['postgres_waiting', 'postgres_longestWaitMs'],
    watchMs: 4 * HOUR_MS,
    apply: (values) => plus(values, 'postgres_waiting', 20),
  },
  {
    name: 'CPU + 40 points without more requests',
    kind: 'step',
    metrics: ['vm_mainCpuPct', 'vm_loopUtilizationPct', 'os_load1'],
    watchMs: 6 * HOUR_MS,
    apply: (values) => {
      for (const id of ['vm_mainCpuPct', 'vm_loopUtilizationPct']) plus(values, id, 40)
      plus(values, 'os_load1', 0.7)
    },
  },
  {
    name: 'requests fall to a twentieth',
    kind: 'step',
    metrics: ['http_inPerSecond', 'http_completed', 'postgres_callsPerSecond'],
    watchMs: 4 * HOUR_MS,
    apply: (values) => times(values, ['http_inPerSecond', 'postgres_callsPerSecond'], 0.05),
  },
  {
    name: 'cache misses 4 % → 40 %',
    kind: 'step',
    metrics: ['cache_hitRatePct'],
    watchMs: 4 * HOUR_MS,
    apply: (values) => plus(values, 'cache_hitRatePct', -36),
  },
  latencyRamp(5, 0.5),
  latencyRamp(5, 3),
  latencyRamp(5, 24),
  {
    name: 'sockets + 60 an hour',
    kind: 'ramp',
    metrics: ['handles_sockets'],
    watchMs: 24 * HOUR_MS,
    apply: (values, sinceMs) => plus(values, 'handles_sockets', (60 * sinceMs) / HOUR_MS),
  },
  {
    name: 'resident memory + 20 MB an hour',
    kind: 'ramp',
    metrics: ['vm_rssMb'],
    watchMs: 48 * HOUR_MS,
    apply: (values, sinceMs) => plus(values, 'vm_rssMb', (20 * sinceMs) / HOUR_MS),
  },
  latencySpike(10, 20, true),
  latencySpike(10, 60),
  latencySpike(10, 300),
]
