/** What a coordinator finds in the journal when it starts: nothing, or the runs of one that crashed. */
import { refOf } from '../../runtime/index.ts'
import { replayRun } from '../journal.ts'
import type { CoordinatorRun } from '../loop/coordinator-run.ts'
import { emit } from '../telemetry.ts'
import { journal } from './journal-server.ts'

/** Every run that has begun and not ended, as it stands after its last event. */
export async function openRunsOf(): Promise<CoordinatorRun[]> {
  const ref = refOf(journal)
  const runs: CoordinatorRun[] = []
  for (const runId of await ref.call('openRuns')) {
    const found = await ref.call('runOf', runId)
    const replay =
      found === undefined
        ? ({ ok: false, reason: 'the journal has forgotten it' } as const)
        : replayRun(found)
    if (replay.ok) runs.push(replay.run)
    else
      emit('run', 'ended', { agent: 'coordinator', runId, outcome: 'lost', reason: replay.reason })
  }
  return runs
}
