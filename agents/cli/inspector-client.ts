/** The Chrome DevTools Protocol of another process, as far as the command needs it. */
import { Buffer } from 'node:buffer'
import { type RawData, WebSocket } from 'ws'
import { isObject } from '../vocabulary/json.ts'

/** Where Node opens its inspector when SIGUSR1 asks it to. */
const DEFAULT_PORT = 9229
const OPEN_MS = 5_000
const ANSWER_MS = 15_000
/** Between two looks whether the inspector is open yet. */
const LOOK_MS = 50

/** A process could not be reached; the message says why and what to do. */
export class AttachFailed extends Error {
  override readonly name = 'AttachFailed'
}

export interface InspectorClient {
  /** Runs an expression in the main thread and returns its JSON value. */
  evaluate(expression: string): Promise<unknown>
  close(): void
}

/**
 * Opens the inspector of a running Node process and connects to it.
 *
 * @throws {AttachFailed} No such process, not ours, not Node, or another process has the port.
 */
export async function connectTo(pid: number): Promise<InspectorClient> {
  if (!(await targetUrl())) wake(pid)
  const url = await openedUrl(pid)
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const client = new Client(socket)
  await client.opened()
  const found = await client.evaluate('process.pid')
  if (found === pid) return client
  client.close()
  throw new AttachFailed(
    `Port ${DEFAULT_PORT} belongs to process ${String(found)}, not to ${pid}. End that debugging session, or start ${pid} with --inspect-port=0 and nodelens/register.`,
  )
}

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR1')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    const why = code === 'EPERM' ? 'it belongs to another user' : 'there is no such process'
    throw new AttachFailed(`Cannot attach to ${pid}: ${why}.`)
  }
}

async function openedUrl(pid: number): Promise<string> {
  const until = Date.now() + OPEN_MS
  while (Date.now() < until) {
    const url = await targetUrl()
    if (url !== undefined) return url
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  throw new AttachFailed(
    `Process ${pid} opened no inspector on 127.0.0.1:${DEFAULT_PORT} within ${OPEN_MS} ms: it is not Node, or runs with --disable-sigusr1 or another --inspect-port.`,
  )
}

async function targetUrl(): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${DEFAULT_PORT}/json/list`, {
      signal: AbortSignal.timeout(1_000),
    })
    const targets: unknown = await response.json()
    const [first] = Array.isArray(targets) ? targets : []
    return isObject(first) ? String(first['webSocketDebuggerUrl']) : undefined
  } catch {
    return undefined
  }
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : ''
}

interface Waiting {
  readonly resolve: (message: Message) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}
type Message = { readonly [key: string]: unknown }

class Client implements InspectorClient {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #serial = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => this.#hear(JSON.parse(textOf(data))))
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const id of this.#waiting.keys()) {
        this.#take(id)?.reject(new AttachFailed('The process has ended.'))
      }
    })
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('open', resolve)
      this.#socket.once('close', () => reject(new AttachFailed('The inspector closed the door.')))
    })
  }

  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.#serial
    const answer = new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id)
        reject(new AttachFailed(`The process did not answer within ${ANSWER_MS} ms.`))
      }, ANSWER_MS)
      this.#waiting.set(id, { resolve, reject, timer })
    })
    const params = { expression, returnByValue: true, awaitPromise: false }
    this.#socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }))
    return valueOf(await answer)
  }

  close(): void {
    this.#socket.close()
  }

  #hear(message: unknown): void {
    if (isObject(message) && typeof message['id'] === 'number') {
      this.#take(message['id'])?.resolve(message)
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(waiting?.timer)
    return waiting
  }
}

function valueOf(message: { readonly [key: string]: unknown }): unknown {
  const { result } = message
  if (!isObject(result))
    throw new AttachFailed(`The inspector answered: ${JSON.stringify(message)}`)
  const { exceptionDetails, result: value } = result
  if (isObject(exceptionDetails)) {
    const { exception } = exceptionDetails
    const why = isObject(exception) ? exception['description'] : exceptionDetails['text']
    throw new AttachFailed(`In the process: ${String(why)}`)
  }
  return isObject(value) ? value['value'] : undefined
}
