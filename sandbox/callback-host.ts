/**
 * The host's side of a script's callbacks: answers calls that come over a port and wakes the
 * sandbox thread, which is blocked until the answer is there. Only the functions that were handed
 * in can be called, by exactly their name; results are copied and bounded before they are sent.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type HostMessage, isScriptMessage, thrown } from './callback-protocol.ts'
import { type Control, raise, wake, word } from './control.ts'
import type { Limits } from './limits.ts'
import type { Json } from './outcome.ts'
import { type Plain, plainCopy } from './plain-copy.ts'

/** What a callback finds in `this`, if it is not an arrow function. */
export interface CallbackContext {
  /** Aborted when nobody waits for the answer any more: the call timed out or the script ended. */
  readonly signal: AbortSignal
}

/**
 * A function that scripts may call. It gets copies of the script's values; what it returns (or
 * resolves to) is copied into Lua, what it throws becomes a Lua error.
 */
export type Callback = (this: CallbackContext, ...args: Json[]) => unknown

export type Callbacks = Readonly<Record<string, Callback>>

interface HostOptions {
  readonly callbacks: ReadonlyMap<string, Callback>
  readonly control: Control
  readonly limits: Limits
  readonly onStarted: () => void
}

export class CallbackHost {
  /** The script's end of the channel, to be transferred to its thread. */
  readonly scriptPort: MessagePort
  readonly #port: MessagePort
  readonly #options: HostOptions
  readonly #open = new Map<string, AbortController>()
  #isClosed = false

  constructor(options: HostOptions) {
    const { port1, port2 } = new MessageChannel()
    this.#options = options
    this.#port = port1
    this.scriptPort = port2
    port1.on('message', (message: unknown) => this.#receive(message))
    port1.unref()
  }

  /** Ends every call; a script that still waits is woken and told. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    raise(this.#options.control, word.closed)
    for (const id of this.#open.keys()) this.#forget(id)
    this.#port.close()
  }

  #receive(message: unknown): void {
    if (this.#isClosed || !isScriptMessage(message)) return
    switch (message.type) {
      case 'STARTED':
        return this.#options.onStarted()
      case 'GAVEUP':
        return this.#forget(message.id)
      case 'APPLY': {
        const callback = this.#find(message.path)
        const values = message.argumentList.map(({ value }) => value)
        if (callback !== undefined) return void this.#answer(message.id, callback, values)
        const error = new TypeError(`unknown callback ${message.path.join('.').slice(0, 100)}`)
        return this.#send(thrown(message.id, error))
      }
    }
  }

  #find(path: readonly string[]): Callback | undefined {
    const [name] = path
    return name !== undefined && path.length === 1 ? this.#options.callbacks.get(name) : undefined
  }

  async #answer(id: string, callback: Callback, values: Json[]): Promise<void> {
    const controller = new AbortController()
    this.#open.set(id, controller)
    let reply: HostMessage
    try {
      const result: unknown = await callback.apply({ signal: controller.signal }, values)
      reply = { id, type: 'RAW', value: this.#bounded(result) }
    } catch (error) {
      reply = thrown(id, error)
    }
    if (this.#open.delete(id)) this.#send(reply)
  }

  #bounded(result: unknown): Plain {
    const { callbackBytes, callbackNodes, callbackDepth } = this.#options.limits
    const budget = { bytes: callbackBytes, nodes: callbackNodes, depth: callbackDepth }
    return plainCopy(result, { ...budget, what: 'callback result' })
  }

  #send(reply: HostMessage): void {
    if (this.#isClosed) return
    this.#port.postMessage(reply)
    wake(this.#options.control)
  }

  /** Nobody waits for this call any more: its answer will be dropped. */
  #forget(id: string): void {
    const controller = this.#open.get(id)
    this.#open.delete(id)
    controller?.abort(new DOMException('the script does not wait any more', 'AbortError'))
  }
}
