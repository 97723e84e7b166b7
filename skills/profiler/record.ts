import { setTimeout as delay } from 'node:timers/promises'
import { SkillFailure } from '../failure.ts'
import type { Inspectable } from '../gateway/inspectable.ts'

/** Between two samples, microseconds: at 1 ms the cost is within the noise (introspection.md 1.3). */
const CPU_INTERVAL_US = 1000
/** Bytes between two sampled allocations: 3 to 5 per cent of main's time at 512 KB. */
const HEAP_INTERVAL_BYTES = 131_072
/** Main answers between two turns of its loop or in the middle of JavaScript; native calls delay it. */
const ANSWER_MS = 4000
/** Charged to the pause budget: starting costs main 5 to 60 ms, depending on how much code is loaded. */
const START_CHARGE_MS = 40

/** Inspectors with a recording under way: there is one profiler in main. */
const recording = new WeakSet<Inspectable>()

/** @throws {SkillFailure} A profile is being recorded already. */
async function alone<Value>(inspector: Inspectable, record: () => Promise<Value>): Promise<Value> {
  if (recording.has(inspector)) {
    const message = 'a profile is being recorded already; try again when it is done'
    throw new SkillFailure('threw', message)
  }
  recording.add(inspector)
  try {
    return await inspector.hold(record)
  } finally {
    recording.delete(inspector)
  }
}

/** A profile is being recorded. */
export function isRecording(inspector: Inspectable): boolean {
  return recording.has(inspector)
}

/**
 * Records main's CPU for a while. The profile is stopped whatever happens.
 *
 * @throws {SkillFailure} A profile is being recorded already. @throws {InspectorUnavailable}
 */
export async function recordCpu(
  inspector: Inspectable,
  forMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return alone(inspector, async () => {
    const post = (method: string, parameters: object, chargeMs?: number): Promise<unknown> =>
      inspector.post(method, parameters, {
        timeoutMs: ANSWER_MS,
        ...(chargeMs === undefined ? {} : { chargeMs }),
      })
    await post('Profiler.enable', {}, 1)
    try {
      await post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US }, 0)
      await post('Profiler.start', {}, START_CHARGE_MS)
      await pause(forMs, signal)
      return await post('Profiler.stop', {}, 10)
    } finally {
      await post('Profiler.disable', {}, 1).catch(() => {})
    }
  })
}

/**
 * Samples main's allocations for a while.
 *
 * `kept`: two readings, after a third of the time and at the end, of what is still alive; each forces a
 * full collection. `all`: one reading of everything that was allocated, also what died.
 *
 * @throws {SkillFailure} A profile is being recorded already. @throws {InspectorUnavailable}
 */
export async function recordAllocations(
  inspector: Inspectable,
  options: {
    readonly forMs: number
    readonly what: 'kept' | 'all'
    readonly signal: AbortSignal | undefined
  },
): Promise<{ readonly before: unknown; readonly after: unknown }> {
  const { forMs, what, signal } = options
  const isAll = what === 'all'
  return alone(inspector, async () => {
    const post = (method: string, parameters: object): Promise<unknown> =>
      inspector.post(method, parameters, { timeoutMs: ANSWER_MS })
    await post('HeapProfiler.enable', {})
    try {
      await post('HeapProfiler.startSampling', {
        samplingInterval: HEAP_INTERVAL_BYTES,
        includeObjectsCollectedByMajorGC: isAll,
        includeObjectsCollectedByMinorGC: isAll,
      })
      await pause(isAll ? 0 : forMs / 3, signal)
      const before = isAll ? undefined : await post('HeapProfiler.getSamplingProfile', {})
      await pause(isAll ? forMs : (forMs * 2) / 3, signal)
      return { before, after: await post('HeapProfiler.stopSampling', {}) }
    } finally {
      await post('HeapProfiler.disable', {}).catch(() => {})
    }
  })
}

async function pause(forMs: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(forMs, undefined, { ref: false, ...(signal && { signal }) })
}
