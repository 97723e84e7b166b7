import type { ErasedServer } from './definition.ts'
import type { ExitReason } from './exit-reason.ts'
import type { SystemEvent } from './system-debug.ts'

/** What `formatStatus` may rewrite before anybody outside sees it; only what there is. */
export interface StatusParts {
  readonly state?: unknown
  readonly message?: unknown
  readonly reason?: ExitReason
  readonly log?: readonly SystemEvent[]
}

/**
 * The parts as the server's `formatStatus` wants them shown. If that fails, a text stands for each
 * of them: what it was to hide stays hidden, and the server does not notice.
 */
export function formatted<Parts extends StatusParts>(
  spec: ErasedServer,
  parts: Parts,
): StatusParts {
  if (!spec.formatStatus) return parts
  try {
    const shown: unknown = spec.formatStatus(parts)
    if (typeof shown === 'object' && shown !== null) return { ...parts, ...shown }
    return placeholders(spec, parts, `returned ${typeof shown}`)
  } catch (error) {
    return placeholders(
      spec,
      parts,
      `failed with ${error instanceof Error ? error.name : 'what is no error'}`,
    )
  }
}

function placeholders({ name }: ErasedServer, parts: StatusParts, why: string): StatusParts {
  const text = `[formatStatus of '${name}' ${why}]`
  return {
    ...('state' in parts ? { state: text } : {}),
    ...('message' in parts ? { message: text } : {}),
    ...('reason' in parts ? { reason: { type: text } } : {}),
    ...('log' in parts ? { log: [] } : {}),
  }
}
