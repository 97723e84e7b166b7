/** Exit reasons: of programs to ours, and ours to the JSON of an outcome (stacks dropped). */

import { type ExitReason, isWireError } from '../../runtime/index.ts'
import type { Reason } from './program.ts'

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

export function toExitReason(reason: Reason): ExitReason {
  if (typeof reason === 'string') return { type: reason }
  if ('shutdown' in reason) return { type: 'shutdown', detail: reason.shutdown }
  return { type: 'term', value: reason.term }
}

export function fromExitReason(reason: ExitReason): Json {
  const { type, ...rest } = reason
  if (type === 'shutdown' && 'detail' in rest) return { shutdown: shutdownDetail(rest.detail) }
  if (type === 'term' && 'value' in rest) return { term: toJson(rest['value']) }
  if (type === 'error' && 'error' in rest && isWireError(rest.error)) {
    return { error: rest.error.message }
  }
  if (type === 'already_started' || Object.keys(rest).length === 0) return type
  return toJson(reason)
}

/** What a supervisor says whose child did not start. */
function shutdownDetail(detail: unknown): Json {
  if (typeof detail === 'object' && detail !== null && 'failedToStartChild' in detail) {
    const reason =
      'reason' in detail && isReason(detail.reason) ? fromExitReason(detail.reason) : null
    return { failedToStartChild: toJson(detail.failedToStartChild), reason }
  }
  return toJson(detail)
}

function isReason(value: unknown): value is ExitReason {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** Plain data as JSON; what JSON cannot hold becomes a text, so that a comparison shows it. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]))
  }
  return typeof value
}
