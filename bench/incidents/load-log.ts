/** What a `load.js` prints: one JSON object a line, phases and a summary (pure). */
import * as v from 'valibot'
import type { Phases } from './score.ts'

const phaseLine = v.looseObject({
  event: v.literal('phase'),
  name: v.picklist(['baseline', 'fault', 'end']),
  ts: v.number(),
})
const summaryLine = v.looseObject({ event: v.literal('summary'), phases: v.unknown() })

/** Collects the lines of one load. */
export class LoadLog {
  readonly #phases = new Map<string, number>()
  #summary: unknown

  hear(line: string): void {
    const value = parse(line)
    const phase = v.safeParse(phaseLine, value)
    if (phase.success) this.#phases.set(phase.output.name, phase.output.ts)
    const summary = v.safeParse(summaryLine, value)
    if (summary.success) this.#summary = summary.output.phases
  }

  /** Answers, errors and waiting times of the clients, as the load counted them. */
  get summary(): unknown {
    return this.#summary
  }

  /** @returns Nothing when the load did not get to the fault. */
  phases(endedAt: number): Phases | undefined {
    const baseline = this.#phases.get('baseline')
    const fault = this.#phases.get('fault')
    if (baseline === undefined || fault === undefined) return undefined
    return { baseline, fault, end: this.#phases.get('end') ?? endedAt }
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
