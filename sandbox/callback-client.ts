/**
 * The script's side of its callbacks: a call that blocks the sandbox thread until the answer is
 * there. To Lua it is an ordinary function, so it works in coroutines, in sort and gsub callbacks
 * and in metamethods, where a yielding bridge would not.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type HostMessage, isHostMessage, type ScriptMessage } from './callback-protocol.ts'
import { type Control, elapsedUs, word } from './control.ts'
import type { Json } from './outcome.ts'
import type { Plain } from './plain-copy.ts'

/** A callback failed, was too slow, or has no host: an error that Lua code may catch. */
export class CallbackFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CallbackFailed'
  }
}

export class CallbackClient {
  readonly #port: MessagePort
  readonly #control: Control
  #serial = 0

  constructor(port: MessagePort, control: Control) {
    this.#port = port
    this.#control = control
  }

  started(): void {
    this.#send({ type: 'STARTED' })
  }

  /**
   * Calls and waits. `checkpoint` runs each time the thread wakes; what it throws ends the wait.
   *
   * @throws {CallbackFailed} With the callback's own message, or that it did not answer in time.
   */
  call(name: string, args: readonly Json[], timeoutMs: number, checkpoint: () => void): Plain {
    const { words } = this.#control
    this.#serial += 1
    const id = `s${this.#serial}`
    const sinceUs = elapsedUs(this.#control)
    Atomics.add(words, word.callbackCalls, 1)
    Atomics.store(words, word.waitingSinceUs, sinceUs)
    try {
      const argumentList = args.map((value) => ({ type: 'RAW', value }) as const)
      const seen = Atomics.load(words, word.replies)
      this.#send({ type: 'APPLY', id, path: [name], argumentList })
      return unwrap(this.#wait(id, seen, timeoutMs, checkpoint))
    } finally {
      Atomics.add(words, word.waitedUs, elapsedUs(this.#control) - sinceUs)
      Atomics.store(words, word.waitingSinceUs, 0)
    }
  }

  #wait(id: string, seenFirst: number, timeoutMs: number, checkpoint: () => void): HostMessage {
    const { words } = this.#control
    const deadline = performance.now() + timeoutMs
    let seen = seenFirst
    for (;;) {
      const reply = this.#take(id)
      if (reply !== undefined) return reply
      checkpoint()
      if (Atomics.load(words, word.closed) === 1) throw new CallbackFailed('the host is gone')
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) {
        this.#send({ type: 'GAVEUP', id })
        throw new CallbackFailed(`no answer within ${Math.round(timeoutMs)} ms`)
      }
      Atomics.wait(words, word.replies, seen, leftMs)
      seen = Atomics.load(words, word.replies)
    }
  }

  /** Takes this call's reply; late replies to calls that timed out are dropped on the way. */
  #take(id: string): HostMessage | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return undefined
      const message: unknown = received.message
      if (isHostMessage(message) && message.id === id) return message
    }
  }

  #send(message: ScriptMessage): void {
    this.#port.postMessage(message)
  }
}

function unwrap(reply: HostMessage): Plain {
  if (reply.type === 'RAW') return reply.value
  throw new CallbackFailed(reply.value.value.message)
}
