/** What a coordinator finds in the journal when it starts: nothing, or the runs of one that crashed. */
import { refOf } from '../../runtime/index.ts'
import { type JournaledRun, type Replay, replayRun } from '../journal.ts'
import type { CoordinatorResult, CoordinatorRun } from '../loop/coordinator-run.ts'
import { journal } from './journal-server.ts'
import { lostResult } from './lost-run.ts'

/** What there is to take over. */
export interface Takeover {
  /** Every run that has begun and not ended, as it stands after its last event. */
  readonly runs: readonly CoordinatorRun[]
  /** The ends of those that cannot be rebuilt. */
  readonly lost: readonly CoordinatorResult[]
}

/** Reads it. */
export async function openRunsOf(): Promise<Takeover> {
  const ref = refOf(journal)
  const runs: CoordinatorRun[] = []
  const lost: CoordinatorResult[] = []
  for (const runId of await ref.call('openRuns')) {
    const found = await ref.call('runOf', runId)
    const replay = replayed(found)
    if (replay.ok) runs.push(replay.run)
    else lost.push(lostResult(runId, found?.records ?? [], replay.reason))
  }
  return { runs, lost }
}

/** One run whose events cannot be folded is not to hold up all others. */
function replayed(found: JournaledRun | undefined): Replay {
  if (found === undefined) return { ok: false, reason: 'the journal has forgotten it' }
  try {
    return replayRun(found)
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}
