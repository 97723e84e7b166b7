import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { growthBetween, summarizeAllocations } from './heap-sample.ts'
import { recordAllocations } from './record.ts'
import { allocationRow } from './rows.ts'

/** What to record, see `recordAllocations`. */
export interface AllocationWish {
  readonly forMs: number
  readonly what: 'kept' | 'all'
  readonly limit: number
  readonly signal?: AbortSignal | undefined
}

/** Records main's allocations for a while: the functions that allocate most, first. @throws {SkillFailure} */
export async function allocationRows(
  context: Pick<SkillContext, 'inspector' | 'ownFolders' | 'files' | 'root'>,
  { forMs, what, limit, signal }: AllocationWish,
): Promise<JsonRecord[]> {
  const { inspector, ownFolders } = context
  const recorded = await recordAllocations(inspector, { forMs, what, signal })
  const after = summarizeAllocations(recorded.after, ownFolders)
  const grown =
    what === 'all' ? after : growthBetween(summarizeAllocations(recorded.before, ownFolders), after)
  const spanMs = what === 'all' ? forMs : (forMs * 2) / 3
  const total = grown.reduce((sum, { bytes }) => sum + bytes, 0)
  return grown
    .slice(0, limit)
    .map((entry) => allocationRow(entry, { total, spanMs, what }, context))
}
