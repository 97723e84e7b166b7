import { isRecord } from '../json.ts'
import type { DefinedSkill } from './defined.ts'

/** Numbers taken of one skill. */
const MAX_NUMBERS = 40
const NAME = /^[a-z]\w{0,63}$/i
/** What takes longer, twice, is not asked again: it pauses the application every two seconds. */
const SLOW_MS = 20

interface Asked {
  isRunning: boolean
  slow: number
  failed: string | undefined
}

/**
 * Reads the numbers of custom skills for the history. One that throws, hangs or is slow is asked no more, and
 * says why.
 */
export function customMetrics(skills: readonly DefinedSkill[]): () => Record<string, unknown> {
  const asked = new Map<string, Asked>()
  return () => {
    const readings: Record<string, unknown> = {}
    for (const { id, metrics } of skills) {
      if (metrics === undefined) continue
      const state = asked.get(id) ?? { isRunning: false, slow: 0, failed: undefined }
      asked.set(id, state)
      // V8 has ended it the last time, in the middle
      if (state.isRunning) state.failed ??= 'it did not return within 250 ms'
      readings[id] = state.failed === undefined ? readOne(metrics, state) : { failed: state.failed }
    }
    return readings
  }
}

function readOne(metrics: () => unknown, state: Asked): Record<string, unknown> {
  const startedAt = performance.now()
  state.isRunning = true
  try {
    const value = metrics()
    state.isRunning = false
    state.slow = performance.now() - startedAt > SLOW_MS ? state.slow + 1 : 0
    if (state.slow >= 2) state.failed = `it takes more than ${SLOW_MS} ms`
    if (!isRecord(value)) throw new TypeError('expected { gauges, counters }')
    return { gauges: numbersOf(value['gauges']), counters: numbersOf(value['counters']) }
  } catch (error) {
    state.isRunning = false
    state.failed = error instanceof Error ? error.message.slice(0, 300) : 'it threw no Error'
    return { failed: state.failed }
  }
}

function numbersOf(value: unknown): Record<string, number> {
  if (!isRecord(value)) return {}
  const numbers = Object.entries(value).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && NAME.test(entry[0]),
  )
  return Object.fromEntries(numbers.slice(0, MAX_NUMBERS))
}
