/**
 * What is no news, because another run has told it in the last minutes. Pure. It holds for runs that
 * started by themselves; who asks gets an answer, whatever was told before.
 */
import { severityRank } from '../../vocabulary/fields.ts'
import type { KnownCause } from '../../vocabulary/insight.ts'
import type { CoordinatorRequest } from '../../vocabulary/model-request.ts'
import type { Cluster } from './correlate.ts'
import { signalOf } from './history.ts'

/** The same cause at the same place, and no worse than it was told. */
export function toldBefore(request: CoordinatorRequest, { lead }: Cluster): KnownCause | undefined {
  const { location } = lead
  return knownTo(request).findLast(
    (known) =>
      known.types.includes(lead.type) &&
      severityRank(lead.severity) <= severityRank(known.severity) &&
      known.location.file === location?.file &&
      known.location.function === location.function,
  )
}

/** The cause that explains a symptom. */
export function explanationOf(
  request: CoordinatorRequest,
  { lead }: Cluster,
): KnownCause | undefined {
  return knownTo(request).findLast(({ explains }) => explains.includes(lead.type))
}

function knownTo({ known, turns }: CoordinatorRequest): readonly KnownCause[] {
  return signalOf(turns) === undefined ? [] : known
}
