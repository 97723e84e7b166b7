/** What can be asked of an actor besides its own calls, in the manner of OTP's `sys`. */

import type { ErasedBody } from './definition.ts'
import { type ExitReason, isExitReason } from './exit-reason.ts'
import { CallRequest, type DefinitionAddress, SYSTEM_CALL } from './signal.ts'

/** A function of the actor's own thread, or the address of what `actor()` returned. */
export type SystemFunction = ErasedBody | DefinitionAddress

export type SystemRequest =
  | { readonly op: 'get-state' | 'get-status' | 'suspend' | 'resume' | 'no-debug' }
  | { readonly op: 'replace-state'; readonly change: SystemFunction }
  | { readonly op: 'terminate'; readonly reason: ExitReason }
  | { readonly op: 'statistics'; readonly how: boolean | 'get' }
  | { readonly op: 'log'; readonly how: boolean | 'get' | 'print' | { readonly size: number } }
  | { readonly op: 'log-to-file'; readonly path: string | false }
  | { readonly op: 'trace'; readonly on: boolean }
  | {
      readonly op: 'install'
      readonly id: string | undefined
      readonly spy: SystemFunction
      readonly state: unknown
    }
  | { readonly op: 'remove'; readonly id: string | SystemFunction }

export function isSystemCall(entry: unknown): entry is CallRequest {
  return entry instanceof CallRequest && entry.name === SYSTEM_CALL
}

const OPS: readonly string[] = [
  'get-state',
  'get-status',
  'suspend',
  'resume',
  'no-debug',
  'replace-state',
  'terminate',
  'statistics',
  'log',
  'log-to-file',
  'trace',
  'install',
  'remove',
] satisfies SystemRequest['op'][]

/** The front door checks the rest; a stranger's message only must not get any further. */
export function isSystemRequest(payload: unknown): payload is SystemRequest {
  if (typeof payload !== 'object' || payload === null || !('op' in payload)) return false
  if (typeof payload.op !== 'string' || !OPS.includes(payload.op)) return false
  return payload.op !== 'terminate' || ('reason' in payload && isExitReason(payload.reason))
}
