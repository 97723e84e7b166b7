import type { OutsideHalf } from './outside-part.ts'

/** Told once for each skill and each of its two ears. */
export type OnFailure = (what: 'hear' | 'tick', message: string) => void

/** A skill's half whose failures stay its own: what it throws is told once, and the others go on. */
export function contained(half: OutsideHalf, onFailure: OnFailure): OutsideHalf {
  const told = new Set<string>()
  const guard = (what: 'hear' | 'tick', run: () => void): void => {
    try {
      run()
    } catch (error) {
      if (told.has(what)) return
      told.add(what)
      onFailure(what, error instanceof Error ? error.message : String(error))
    }
  }
  const { skill, hear, tick, stop, metrics } = half
  return {
    skill,
    ...(hear && { hear: (reading, now) => guard('hear', () => hear.call(half, reading, now)) }),
    ...(tick && { tick: (now) => guard('tick', () => tick.call(half, now)) }),
    ...(metrics && { metrics: (now) => metrics.call(half, now) }),
    ...(stop && { stop: () => stop.call(half) }),
  }
}
