import { type Pressure, parsePressure } from './pressure.ts'
import { namedNumbers, numberOf, type SystemFiles } from './system-files.ts'

/** The machine at one moment; undefined: it is not told here. Times are counters since boot. */
export interface Machine {
  readonly loadAverages: readonly [number, number, number] | undefined
  readonly cpu:
    | {
        readonly cores: number
        readonly busyMs: number
        readonly totalMs: number
        readonly stealMs: number
        readonly ioWaitMs: number
      }
    | undefined
  readonly memoryTotalBytes: number | undefined
  readonly memoryAvailableBytes: number | undefined
  readonly swapUsedBytes: number | undefined
  readonly pressure: {
    readonly cpu: Pressure | undefined
    readonly memory: Pressure | undefined
    readonly io: Pressure | undefined
  }
}

/** The process at one moment. */
export interface Process {
  readonly rssBytes: number | undefined
  /** Time of the main thread on a CPU, and runnable but waiting for one. */
  readonly mainRunMs: number | undefined
  readonly mainWaitMs: number | undefined
  readonly descriptorLimit: number | undefined
}

/** USER_HZ, which is 100 on all that Node runs on. */
const TICK_MS = 10
const KB = 1024

/** Five small files, about 0.1 ms. */
export function readMachine(files: SystemFiles): Machine {
  const memory = namedNumbers(files.text('/proc/meminfo') ?? '')
  const bytes = (name: string): number | undefined => times(memory.get(name), KB)
  const [swapTotal, swapFree] = [bytes('SwapTotal'), bytes('SwapFree')]
  const pressure = (name: string): Pressure | undefined =>
    parsePressure(files.text(`/proc/pressure/${name}`))
  return {
    loadAverages: loadOf(files.text('/proc/loadavg')),
    cpu: cpuOf(files.text('/proc/stat')),
    memoryTotalBytes: bytes('MemTotal'),
    memoryAvailableBytes: bytes('MemAvailable'),
    swapUsedBytes:
      swapTotal === undefined || swapFree === undefined ? undefined : swapTotal - swapFree,
    pressure: { cpu: pressure('cpu'), memory: pressure('memory'), io: pressure('io') },
  }
}

export function readProcess(files: SystemFiles): Process {
  const status = namedNumbers(files.text('/proc/self/status') ?? '')
  const [run, wait] = (files.text('/proc/self/schedstat') ?? '').trim().split(' ')
  const limits = files.text('/proc/self/limits') ?? ''
  return {
    rssBytes: times(status.get('VmRSS'), KB),
    mainRunMs: times(numberOf(run), 1e-6),
    mainWaitMs: times(numberOf(wait), 1e-6),
    descriptorLimit: numberOf(/^Max open files\s+(\d+)/m.exec(limits)?.[1]),
  }
}

/** Pure. */
function loadOf(text: string | undefined): Machine['loadAverages'] {
  const [one, five, fifteen] = (text ?? '').split(' ').slice(0, 3).map(numberOf)
  return one === undefined || five === undefined || fifteen === undefined
    ? undefined
    : [one, five, fifteen]
}

/** user nice system idle iowait irq softirq steal; guests are part of user. Pure. */
function cpuOf(text: string | undefined): Machine['cpu'] {
  const lines = (text ?? '').split('\n')
  const total = lines.find((line) => line.startsWith('cpu '))
  if (total === undefined) return undefined
  const ticks = total.trim().split(/\s+/).slice(1, 9).map(numberOf)
  if (ticks.length < 4 || ticks.includes(undefined)) return undefined
  const at = (index: number): number => (ticks[index] ?? 0) * TICK_MS
  const totalMs = ticks.reduce<number>((sum, value) => sum + (value ?? 0), 0) * TICK_MS
  return {
    cores: lines.filter((line) => /^cpu\d/.test(line)).length,
    busyMs: totalMs - at(3) - at(4),
    totalMs,
    stealMs: at(7),
    ioWaitMs: at(4),
  }
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor
}
