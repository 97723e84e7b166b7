/**
 * A web service with a database, a cache and jobs, as its metrics show it: a day's curve, week-ends, deploys,
 * a heap like a saw, jobs each quarter, hour, night and Sunday, noise with heavy tails and memory, metrics that
 * never vary, counters that begin anew. Nothing is wrong with it unless a fault is put in.
 */
import type { Metric } from '../../skills/anomaly/metric-source.ts'
import { type Calendar, calendarOf, demandAt, HOUR_MS, type Start, sizeAt } from './calendar.ts'
import { heavy, normal, poisson, type Random, uniform } from './random.ts'

/** All that changes; a structured clone of it is the service at that moment. */
export interface ServiceState {
  readonly calendar: Calendar
  readonly random: Random
  /** Slow noise by name, as first-order autoregression. */
  readonly waves: Record<string, number>
  /** Totals since the process started. */
  readonly totals: Record<string, number>
  heapMb: number
  jobs: number
  version: number
}

export interface Sample {
  readonly values: ReadonlyMap<string, number>
  /** The process starts at this step. */
  readonly start: Start | undefined
}

const COUNTERS = ['http_completed', 'http_refused', 'exception_rejections', 'gc_collections']
/** What only grows while the process lives. */
export const TOTALS: readonly string[] = [...COUNTERS, 'jobs_totalDone', 'base_uptimeSeconds']

export function makeService(seed: number, days: number): ServiceState {
  const random = { state: seed * 7919 + 13 }
  const calendar = calendarOf(random, days)
  const totals = Object.fromEntries([...COUNTERS, 'jobs_totalDone'].map((name) => [name, 0]))
  return { calendar, random, waves: {}, totals, heapMb: 60, jobs: 0, version: 0 }
}

/** Metrics as a history would list them. */
export function metricsOf(ids: Iterable<string>): Metric[] {
  return [...ids].map((id) => {
    const [skill = '', name = ''] = id.split('_')
    return { id, skill, name, kind: COUNTERS.includes(id) ? 'counter' : 'gauge' }
  })
}

/** The readings of one step, of ten seconds. */
export function stepService(state: ServiceState, at: number): Sample {
  const { calendar, random, totals } = state
  const current = calendar.starts.findLast((start) => start.at <= at) ?? calendar.starts[0]
  if (current === undefined) throw new Error('a calendar begins with a start')
  const isStart = current.at === at
  if (isStart) {
    for (const name of Object.keys(totals)) totals[name] = 0
    state.heapMb = 60
    state.version = current.version
  }
  const sinceMs = at - current.at
  const cold = Math.max(0, 1 - sinceMs / current.coldMs)
  const moment = momentOf(state, at, cold, current)
  const values = new Map<string, number>()
  for (const part of [httpValues, vmValues, databaseValues, otherValues]) part(moment, values)
  for (const name of COUNTERS) values.set(name, totals[name] ?? 0)
  values.set('base_uptimeSeconds', sinceMs / 1000)
  // a restart now and then leaves a reading out, as a busy machine does
  if (uniform(random) < 0.001) values.delete('vm_threadPoolLatencyMs')
  return { values, start: isStart ? current : undefined }
}

interface Moment {
  readonly state: ServiceState
  readonly at: number
  readonly current: Start
  readonly cold: number
  /** Requests a second. */
  readonly rate: number
  /** 1 on the mean day. */
  readonly load: number
  readonly night: number
  readonly sunday: number
  readonly hourly: number
  readonly quarter: number
  readonly cpuPct: number
  readonly slow: number
}

function momentOf(state: ServiceState, at: number, cold: number, current: Start): Moment {
  const { calendar } = state
  const load = demandAt(calendar, at) * Math.exp(wave(state, 'demand', 0.995, 0.012))
  const rate = Math.max(0, 80 * load * Math.exp(0.06 * normal(state.random)))
  const night = sizeAt(calendar.nights, at)
  const sunday = sizeAt(calendar.sundays, at)
  const intoHour = at % HOUR_MS
  const hourly = intoHour >= 300_000 && intoHour < 380_000 ? 1 : 0
  const quarter = at % (HOUR_MS / 4) < 20_000 ? 1 : 0
  const work = 12 * load + 25 * night + 8 * sunday + 6 * hourly + 4 * quarter + 15 * cold
  const cpuPct = Math.min(99, (2 + work) * current.slower * Math.exp(0.08 * heavy(state.random)))
  const busy = 1 + 0.25 * load ** 2 * 0.3 + 0.7 * night + 0.5 * sunday + 1.2 * cold
  const slow = busy * current.slower * Math.exp(wave(state, 'slow', 0.98, 0.03))
  return { state, at, current, cold, rate, load, night, sunday, hourly, quarter, cpuPct, slow }
}

/** Noise that remembers: strays from zero by `size` a step and is drawn back. */
function wave(state: ServiceState, name: string, memory: number, size: number): number {
  const value = (state.waves[name] ?? 0) * memory + size * heavy(state.random) * 0.6
  state.waves[name] = Math.max(-0.5, Math.min(0.5, value))
  return state.waves[name]
}

function httpValues({ state, rate, slow, load }: Moment, values: Map<string, number>): void {
  const { random, totals } = state
  const p50 = 9 * slow * Math.exp(0.05 * normal(random))
  const p99 = 70 * slow * Math.exp(0.22 * heavy(random))
  const refused = poisson(random, rate * 0.2)
  const failed = poisson(random, rate * 10 * 0.0004)
  values.set('http_inPerSecond', rate)
  values.set('http_inP50Ms', p50)
  values.set('http_inSlowestP99Ms', p99)
  values.set('http_inErrorPct', rate < 0.1 ? 0 : (100 * failed) / (rate * 10))
  values.set('http_inOpen', Math.round(rate * (p50 / 1000) + poisson(random, 1.5)))
  values.set('http_inOldestMs', p99 * 1.4 * Math.exp(0.3 * heavy(random)))
  values.set('http_outPerSecond', rate * 1.7 * Math.exp(0.04 * normal(random)))
  values.set(
    'http_outSlowestP99Ms',
    120 * (1 + 0.1 * load) * Math.exp(wave(state, 'upstream', 0.97, 0.05) + 0.2 * heavy(random)),
  )
  values.set('http_outErrorPct', uniform(random) < 0.02 ? uniform(random) * 1.5 : 0)
  values.set('http_waitingMb', Math.max(0, 0.4 * heavy(random)))
  totals['http_completed'] = (totals['http_completed'] ?? 0) + Math.round(rate * 10)
  totals['http_refused'] = (totals['http_refused'] ?? 0) + refused
}

function vmValues(moment: Moment, values: Map<string, number>): void {
  const { state, rate, cpuPct, load, night, cold, current, at } = moment
  const { random, totals } = state
  state.heapMb += rate * 0.02 + 0.05
  const limitMb = 140 + 40 * uniform(random)
  if (state.heapMb > limitMb) {
    state.heapMb = 55 * current.larger * (1 - 0.4 * cold) + 4 * normal(random)
    totals['gc_collections'] = (totals['gc_collections'] ?? 0) + 1
  }
  const warmMb = 60 * (1 - Math.exp(-(at - current.at) / (2 * HOUR_MS)))
  values.set('vm_heapUsedMb', state.heapMb)
  values.set('vm_rssMb', (150 + warmMb) * current.larger + state.heapMb * 0.15 + 3 * normal(random))
  values.set('vm_externalMb', 6 + 0.02 * rate + Math.abs(heavy(random)) * 0.8)
  values.set('vm_gcSharePct', Math.max(0, 0.6 + 0.9 * load + 0.4 * heavy(random)))
  values.set('vm_loopDelayP99Ms', 4 + 6 * moment.slow * Math.exp(0.35 * heavy(random)))
  values.set('vm_loopDelayMaxMs', 12 * moment.slow * Math.exp(0.5 * heavy(random)))
  values.set('vm_loopUtilizationPct', Math.min(99, cpuPct * 0.9))
  values.set('vm_mainCpuPct', cpuPct)
  values.set('vm_threadPoolLatencyMs', 0.3 * Math.exp(0.8 * Math.abs(heavy(random))) + 4 * night)
  values.set('vm_threadCount', 14)
  values.set('gc_pauseMaxMs', 5 * Math.exp(0.4 * heavy(random)))
}

function databaseValues(moment: Moment, values: Map<string, number>): void {
  const { state, rate, slow, night, sunday, hourly } = moment
  const { random } = state
  const queries = rate * 3.1 * Math.exp(0.05 * normal(random)) + 40 * hourly + 60 * night
  const waits = uniform(random) < 0.004 ? poisson(random, 3) : 0
  values.set('postgres_callsPerSecond', queries)
  values.set('postgres_connections', 10)
  values.set(
    'postgres_busyConnections',
    Math.min(10, queries * 0.006 * slow + 2 * night + 3 * sunday),
  )
  values.set('postgres_waiting', waits)
  values.set('postgres_longestWaitMs', waits * 12 * Math.exp(0.5 * heavy(random)))
  values.set('postgres_meanMs', 3 * slow * (1 + sunday) * Math.exp(0.1 * heavy(random)))
}

function otherValues(moment: Moment, values: Map<string, number>): void {
  const { state, at, rate, cpuPct, cold, hourly, quarter, load, night } = moment
  const { random, totals } = state
  state.jobs = hourly === 1 ? state.jobs + 12 * uniform(random) : Math.max(0, state.jobs * 0.7 - 1)
  totals['exception_rejections'] = (totals['exception_rejections'] ?? 0) + poisson(random, 0.002)
  totals['jobs_totalDone'] = (totals['jobs_totalDone'] ?? 0) + poisson(random, 0.4 + 20 * hourly)
  values.set('jobs_depth', Math.round(state.jobs + 3 * quarter))
  values.set('jobs_oldestMs', state.jobs > 0 ? state.jobs * 40 : 0)
  values.set('jobs_totalDone', totals['jobs_totalDone'] ?? 0)
  values.set('cache_hitRatePct', Math.max(0, 96 - 25 * cold + 0.6 * heavy(random)))
  values.set('cache_entries', 8000 * (1 - cold) + 20 * normal(random))
  values.set('logger_linesPerSecond', rate * 1.1 + 20 * hourly)
  values.set('logger_warningsPerSecond', poisson(random, rate * 10 * 0.002) / 10)
  values.set('logger_errorsPerSecond', uniform(random) < 0.01 ? poisson(random, 1.2) / 10 : 0)
  values.set('handles_sockets', Math.round(12 + rate * 0.3 + 3 * Math.abs(heavy(random))))
  values.set('handles_descriptors', Math.round(40 + rate * 0.3))
  values.set('handles_timers', 9 + (uniform(random) < 0.1 ? 1 : 0))
  values.set('handles_servers', 1)
  values.set('supervisor_restarts', 0)
  values.set('os_load1', Math.max(0, cpuPct / 60 + 0.1 * heavy(random)))
  values.set('os_memoryUsedPct', 52 + 4 * Math.sin(at / (31 * HOUR_MS)) + 0.3 * normal(random))
  values.set('os_diskUsedPct', 40 + (8 * at) / (14 * 24 * HOUR_MS))
  values.set('os_throttledPct', 0)
  values.set('os_pressureCpuPct', Math.max(0, 1.5 * load + 4 * night + 0.8 * heavy(random)))
}
