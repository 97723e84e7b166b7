import type { Deviation } from './deviation.ts'
import type { Metric } from './metric-source.ts'
import { traitsOf, type Unit, wordsOf } from './traits.ts'

/** The metrics of our own skills that lead most often, as a person would call them. */
const NAMES: Readonly<Record<string, string>> = {
  http_inPerSecond: 'incoming HTTP requests a second',
  http_inErrorsPerSecond: 'incoming HTTP requests that fail',
  http_inP50Ms: 'median latency of incoming HTTP requests',
  http_inP99Ms: '99th percentile of the latency of incoming HTTP requests',
  http_inOpen: 'incoming HTTP requests under way',
  http_outPerSecond: 'outgoing HTTP requests a second',
  http_outErrorsPerSecond: 'outgoing HTTP requests that fail',
  http_outP50Ms: 'median latency of outgoing HTTP requests',
  http_outP99Ms: '99th percentile of the latency of outgoing HTTP requests',
  http_outOpen: 'outgoing HTTP requests under way',
  http_waitingMb: 'bytes that wait for slow HTTP clients',
  vm_heapUsedMb: 'heap in use',
  vm_heapTotalMb: 'size of the heap',
  vm_heapUsedPct: 'share of the heap limit in use',
  vm_externalMb: 'memory outside the heap',
  vm_arrayBuffersMb: 'memory of buffers',
  vm_rssMb: 'resident memory',
  vm_loopUtilizationPct: 'event-loop utilisation',
  vm_loopDelayMaxMs: 'event-loop delay',
  vm_processCpuMsPerSecond: 'CPU time of the process',
  vm_mainCpuMsPerSecond: 'CPU time of the main thread',
  postgres_callsPerSecond: 'database calls a second',
  postgres_waiting: 'calls that wait for a database connection',
  postgres_longestWaitMs: 'longest wait for a database connection',
  postgres_busyConnections: 'busy database connections',
  logger_errorsPerSecond: 'error lines in the log',
  logger_warningsPerSecond: 'warnings in the log',
  exception_unhandledPerSecond: 'unhandled promise rejections',
  handles_sockets: 'open sockets',
  gc_sharePct: 'share of the time in garbage collection',
  gc_longestPauseMs: 'longest garbage collection',
  gc_heapAfterMajorMb: 'heap that survives full collections',
  allocator_unexplainedMb: 'resident memory that V8 does not explain',
  os_machineCpuPct: 'CPU use of the machine',
  os_othersCpuPct: 'CPU use of other processes',
  os_mainWaitPct: 'time that the main thread waits for a CPU',
}

const UNIT_WORDS = /\s*\b(per (second|sec|s|minute|min)|ms|mb|bytes|pct|percent|seconds)$/

/** What a person would call a metric; its id is added where a sentence names it. */
export function plainName({ id, skill, name }: Metric): string {
  const known = NAMES[id]
  if (known !== undefined) return known
  const words = wordsOf(name).replace(UNIT_WORDS, '').replace(UNIT_WORDS, '')
  return `${words === '' ? name : words} of ${wordsOf(skill)}`
}

/** A value with its unit: `380 ms`, `1.4 s`, `12 a second`. */
export function valueText(value: number, name: string): string {
  return textOf(value, traitsOf(name)?.unit ?? 'count')
}

function textOf(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return Math.abs(value) < 10_000 ? `${short(value)} ms` : `${short(value / 1000)} s`
    case 's':
      return `${short(value)} s`
    case 'mb':
      return `${short(value)} MB`
    case 'bytes':
      return `${short(value / 1_048_576)} MB`
    case 'pct':
      return `${short(value)} %`
    case 'perSecond':
      return `${short(value)} a second`
    case 'perMinute':
      return `${short(value)} a minute`
    case 'msPerSecond':
      return `${short(value)} ms a second`
    case 'bytesPerSecond':
      return `${short(value / 1024)} KB a second`
    case 'count':
      return short(value)
    default:
      return unit satisfies never
  }
}

function short(value: number): string {
  if (!Number.isFinite(value)) return '?'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(2)))
}

/** How long ago, in words: `40 s`, `12 min`, `5 h`. */
export function agoText(ms: number): string {
  if (ms < 120_000) return `${Math.max(1, Math.round(ms / 1000))} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** `14:03:20 UTC`. */
export function clockText(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`
}

/** `the latency (http_inP99Ms) rose from 42 ms to 380 ms`. */
export function changeText(deviation: Deviation, metric: Metric): string {
  const { direction, before, now, farthest } = deviation
  const value = (of: number): string => valueText(of, metric.name)
  const middle = (before + farthest) / 2
  const isBack = direction === 'up' ? now < middle : now > middle
  const verb = direction === 'up' ? 'rose' : 'fell'
  const reached = isBack ? `${value(farthest)} (${value(now)} just now)` : value(now)
  return `${plainName(metric)} (${metric.id}) ${verb} from ${value(before)} to ${reached}`
}
