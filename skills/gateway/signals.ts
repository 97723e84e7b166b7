import type { JsonRecord } from '../json.ts'
import type { StallEvidence } from '../vm-events/stall.ts'
import type { StallLog, StallPlace } from '../vm-events/stall-log.ts'
import type { GatewaySignal } from './signal.ts'

/** A place that was quiet for so long may be signalled anew. */
const QUIET_MS = 60_000

/**
 * Decides which stalls are worth a signal: a place once when it becomes a warning, once more when it becomes
 * critical or turns out to fill the heap, and anew after a minute of quiet. So a storm of stalls is two signals, not hundreds.
 */
export class StallSignals {
  readonly #log: StallLog
  readonly #emit: (signal: GatewaySignal) => void
  readonly #said = new Map<string, { severity: string; isHeap: boolean; at: number }>()
  readonly #signalled = new Set<string>()

  constructor(log: StallLog, emit: (signal: GatewaySignal) => void) {
    this.#log = log
    this.#emit = emit
  }

  note(evidence: StallEvidence, now: number): void {
    const place = this.#log.note(evidence, now)
    if (place === undefined) return
    if (this.#isNews(place, evidence, now)) this.#say(place, evidence, now)
    if (!evidence.ongoing && this.#signalled.delete(evidence.id)) {
      const { id, startedAt, durationMs } = evidence
      this.#emit({ type: 'stall-ended', id, startedAt, durationMs, culprit: this.#log.row(place) })
    }
  }

  #isNews({ key, severity, culprit }: StallPlace, evidence: StallEvidence, now: number): boolean {
    if (severity === 'info') return false
    // A stall without a stack yet: the answer of a native call comes when it returns.
    if (culprit.location === undefined && evidence.ongoing && evidence.durationMs < 1500)
      return false
    const said = this.#said.get(key)
    if (said === undefined || now - said.at > QUIET_MS) return true
    said.at = now
    const isWorse = said.severity === 'warning' && severity === 'critical'
    return isWorse || (culprit.kind === 'heap' && !said.isHeap)
  }

  #say(place: StallPlace, evidence: StallEvidence, now: number): void {
    const { severity } = place
    if (severity === 'info') return
    if (this.#said.size > 1000) this.#said.clear()
    const isHeap = place.culprit.kind === 'heap'
    this.#said.set(place.key, { severity, isHeap, at: now })
    if (evidence.ongoing) this.#signalled.add(evidence.id)
    const culprit: JsonRecord = this.#log.row(place)
    const { id, startedAt, durationMs, ongoing } = evidence
    this.#emit({ type: 'stall', id, startedAt, durationMs, ongoing, severity, culprit })
  }
}
