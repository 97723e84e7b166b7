import type { MessagePort } from 'node:worker_threads'
import type { CallOutcome } from './calls.ts'

/**
 * Answers comlink calls on a port, without comlink.
 *
 * The gateway's side is comlink. Comlink's own `expose` gives the peer the whole object graph
 * (`constructor.constructor('…')` runs code here; sandbox.md section 5), and loading it costs main
 * about 4 ms and 450 KB. Of its protocol this serves `APPLY` with a path of one word that is
 * `invoke` and raw arguments; anything else gets no answer.
 *
 * @returns Closes the port.
 */
export function servePort(
  port: MessagePort,
  invoke: (request: unknown) => CallOutcome | Promise<CallOutcome>,
): () => void {
  const onMessage = (message: unknown): void => {
    const call = parseCall(message)
    if (call === undefined) return
    void Promise.resolve(invoke(call.request)).then((value) => {
      port.postMessage({ id: call.id, type: 'RAW', value })
    })
  }
  port.on('message', onMessage)
  port.unref()
  return () => {
    port.off('message', onMessage)
    port.close()
  }
}

function parseCall(message: unknown): { id: string; request: unknown } | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  if (!('id' in message && 'type' in message && 'path' in message && 'argumentList' in message)) {
    return undefined
  }
  const { id, type, path, argumentList } = message
  if (typeof id !== 'string' || type !== 'APPLY') return undefined
  if (!Array.isArray(path) || path.length !== 1 || path[0] !== 'invoke') return undefined
  if (!Array.isArray(argumentList) || argumentList.length !== 1) return undefined
  const argument: unknown = argumentList[0]
  if (typeof argument !== 'object' || argument === null) return undefined
  if (!('type' in argument && 'value' in argument) || argument.type !== 'RAW') return undefined
  return { id, request: argument.value }
}
