import type { MessagePort } from 'node:worker_threads'
import { type Endpoint, type Remote, wrap } from 'comlink'
import { isRecord } from '../json.ts'
import type { CallOutcome } from '../probe/calls.ts'

/** What main serves on a port. */
interface ProbeApi {
  invoke(request: unknown): CallOutcome | Promise<CallOutcome>
}

/** A comlink proxy whose pending calls reject when the other side is gone. */
export interface SafeRemote {
  readonly api: Remote<ProbeApi>
  readonly isClosed: () => boolean
  close(): void
}

/**
 * Wraps a port with comlink and settles what comlink leaves hanging (comlink issue 601).
 *
 * The endpoint notes the ids of calls that went out; when the port closes, which also happens when the owning
 * thread dies, each gets an error in comlink's own format.
 */
export function wrapSafe(port: MessagePort): SafeRemote {
  const pending = new Set<string>()
  const listeners = new Set<(event: { data: unknown }) => void>()
  let isClosed = false
  const deliver = (data: unknown): void => {
    if (isRecord(data) && typeof data['id'] === 'string') pending.delete(data['id'])
    for (const listener of listeners) listener({ data })
  }
  const fail = (id: string): void => {
    const value = {
      isError: true,
      value: { name: 'PeerGone', message: 'the main thread is gone', stack: '' },
    }
    deliver({ id, type: 'HANDLER', name: 'throw', value })
  }
  port.on('message', deliver)
  port.once('close', () => {
    isClosed = true
    pending.forEach(fail)
  })
  const endpoint = createEndpoint(listeners, (message, transfers) => {
    const id = isRecord(message) && typeof message['id'] === 'string' ? message['id'] : undefined
    if (id !== undefined) pending.add(id)
    if (isClosed && id !== undefined) queueMicrotask(() => fail(id))
    else port.postMessage(message, transfers)
  })
  port.unref()
  return { api: wrap<ProbeApi>(endpoint), isClosed: () => isClosed, close: () => port.close() }
}

type Listener = (event: { data: unknown }) => void
/** comlink's types come from the DOM library, which is not part of a Node build. */
type Handler = Listener | { readonly handleEvent: Listener }

function createEndpoint(
  listeners: Set<Listener>,
  post: (message: unknown, transfers: []) => void,
): Endpoint {
  const known = new WeakMap<object, Listener>()
  return {
    postMessage: (message: unknown) => post(message, []),
    addEventListener: (_type: string, handler: Handler) => {
      const listener: Listener = (event) => {
        if (typeof handler === 'function') handler(event)
        else handler.handleEvent(event)
      }
      known.set(handler, listener)
      listeners.add(listener)
    },
    removeEventListener: (_type: string, handler: Handler) => {
      const listener = known.get(handler)
      if (listener !== undefined) listeners.delete(listener)
    },
  }
}
