/**
 * Messages between a script and its host, in comlink's wire format (comlink 4.4, protocol.ts):
 * one call is APPLY with a path of one name, its reply RAW or a HANDLER named "throw". Two
 * messages are ours: STARTED, and GAVEUP when a call ran out of time.
 */
import { isRecord } from './options.ts'
import type { Json } from './outcome.ts'
import type { Plain } from './plain-copy.ts'

export type ScriptMessage =
  | { readonly type: 'STARTED' }
  | { readonly type: 'GAVEUP'; readonly id: string }
  | {
      readonly type: 'APPLY'
      readonly id: string
      readonly path: readonly string[]
      readonly argumentList: readonly { readonly type: 'RAW'; readonly value: Json }[]
    }

export type HostMessage =
  | { readonly type: 'RAW'; readonly id: string; readonly value: Plain }
  | {
      readonly type: 'HANDLER'
      readonly id: string
      readonly name: 'throw'
      readonly value: {
        readonly isError: true
        readonly value: { readonly name: string; readonly message: string; readonly stack: '' }
      }
    }

/** A callback failed, as the script is told: no stack, no host path beyond the message itself. */
export function thrown(id: string, error: unknown): HostMessage {
  const name = error instanceof Error ? error.name : 'Error'
  const value = { name, message: failureText(error), stack: '' } as const
  return { id, type: 'HANDLER', name: 'throw', value: { isError: true, value } }
}

export function isHostMessage(message: unknown): message is HostMessage {
  if (!isRecord(message) || typeof message['id'] !== 'string') return false
  if (message['type'] === 'RAW') return 'value' in message
  return message['type'] === 'HANDLER' && message['name'] === 'throw' && isRecord(message['value'])
}

export function isScriptMessage(message: unknown): message is ScriptMessage {
  if (!isRecord(message)) return false
  if (message['type'] === 'STARTED') return true
  if (typeof message['id'] !== 'string') return false
  if (message['type'] === 'GAVEUP') return true
  return (
    message['type'] === 'APPLY' &&
    Array.isArray(message['path']) &&
    Array.isArray(message['argumentList'])
  )
}

const longestText = 2000

function failureText(error: unknown): string {
  let text: string | undefined
  try {
    if (error instanceof Error) text = String(error.message)
    else text = typeof error === 'string' ? error : JSON.stringify(error)
  } catch {
    text = undefined
  }
  return (text ?? `threw a ${typeof error}`).slice(0, longestText)
}
