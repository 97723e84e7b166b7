import { Agent } from 'node:http'
import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

interface Caller {
  count: number
  readonly stack: string
  readonly host: string
}

const MAX_CALLERS = 60
const MOST_MS = 10_000

/**
 * For a short time, sees which places of the application send requests, and where to.
 *
 * Node's own channel comes too late: the caller has gone from the stack by then. Every request of
 * `node:http` asks its agent for a socket while the caller is still there; `fetch` is watched by name.
 */
export class CallerWindow {
  #callers = new Map<string, Caller>()
  #end: (() => void) | undefined

  begin(): null {
    this.#end?.()
    this.#callers = new Map()
    const methods = [
      [Agent.prototype, 'addRequest'],
      [globalThis, 'fetch'],
    ] as const
    const hostOf = { addRequest: hostOfRequest, fetch: hostOfInput }
    this.#end = watchWindow(
      methods,
      (name) =>
        (_result, [first]) => {
          this.#note(name === 'fetch' ? hostOf.fetch(first) : hostOf.addRequest(first))
        },
      MOST_MS,
    )
    return null
  }

  /** Ends the window; the most frequent callers first. */
  end(): JsonRecord[] {
    this.#end?.()
    this.#end = undefined
    const rows = [...this.#callers.values()].map((caller) => ({ ...caller }))
    this.#callers = new Map()
    return rows.sort((left, right) => right.count - left.count).slice(0, 20)
  }

  #note(host: string): void {
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    const key = `${host}\n${creation.text}`
    const caller = this.#callers.get(key) ?? { count: 0, stack: creation.text, host }
    if (caller.count === 0 && this.#callers.size >= MAX_CALLERS) return
    caller.count += 1
    this.#callers.set(key, caller)
  }
}

function hostOfRequest(request: unknown): string {
  if (typeof request !== 'object' || request === null) return '?'
  const read: unknown = Reflect.get(request, 'getHeader')
  const header: unknown =
    typeof read === 'function' ? Reflect.apply(read, request, ['host']) : undefined
  return String(typeof header === 'string' ? header : Reflect.get(request, 'host'))
}

/** `fetch` takes text, a URL, or a Request. */
function hostOfInput(input: unknown): string {
  try {
    const url = typeof input === 'object' && input !== null && 'url' in input ? input.url : input
    return new URL(String(url)).host
  } catch {
    return '?'
  }
}
