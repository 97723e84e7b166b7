/** What the coordinator's runs have found lately, and how often: its memory between runs. */
import type { CoordinatorResult, CoordinatorRun } from '../loop/coordinator-run.ts'
import { causeOf, freshCauses, occurrencesOf, rememberCause } from '../loop/known-causes.ts'
import type { Insight, KnownCause } from '../vocabulary/insight.ts'

export class SharedCauses {
  #known: readonly KnownCause[] = []

  /** What a run that starts now is told. */
  fresh(at: number): readonly KnownCause[] {
    return freshCauses(this.#known, at)
  }

  /** Remembers the cause in an insight, if it names a place, and returns it for the other runs. */
  told(insight: Insight, { notifications }: CoordinatorRun): KnownCause | undefined {
    const cause = causeOf(insight, notifications)
    if (cause !== undefined) this.#known = rememberCause(this.#known, cause)
    return cause
  }

  /** Counts what a run met again without telling it; returns those causes with their new count. */
  counted({ repeats = [], insights }: CoordinatorResult): readonly KnownCause[] {
    const retold = new Set(insights.map(({ repeatOf }) => repeatOf))
    const met = new Set(repeats.map(({ insightId }) => insightId).filter((id) => !retold.has(id)))
    const countedCauses = this.#known
      .filter(({ insightId }) => met.has(insightId))
      .map((cause) => ({ ...cause, occurrences: occurrencesOf(cause) + 1 }))
    this.#known = this.#known.map(
      (cause) => countedCauses.find(({ insightId }) => insightId === cause.insightId) ?? cause,
    )
    return countedCauses
  }
}
