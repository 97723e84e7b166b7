import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

/** A socket that holds back so much has asked its writer to wait many messages ago. */
const OVERFULL_BYTES = 128 * 1024
const MAX_WRITERS = 40
const MAX_PEERS = 1000
const MOST_MS = 10_000

interface Writer {
  readonly stack: string
  writes: number
  bytes: number
  readonly peers: WeakSet<object>
  peerCount: number
}

/** For a short time, sees which places go on writing to sockets that hold back very much already. */
export class SocketWriteWindow {
  #writers = new Map<string, Writer>()
  #end: (() => void) | undefined

  begin(): null {
    this.#end?.()
    this.#writers = new Map()
    // where sockets have their `write` from, plain and TLS
    const methods = [[Duplex.prototype, 'write']] as const
    this.#end = watchWindow(
      methods,
      () => (result, input, self) => {
        if (result === false && self instanceof Socket && isOverfull(self))
          this.#note(self, input[0])
      },
      MOST_MS,
    )
    return null
  }

  /** Ends the window; those that wrote most bytes first. */
  end(): JsonRecord[] {
    this.#end?.()
    this.#end = undefined
    const rows = [...this.#writers.values()]
    this.#writers = new Map()
    return rows
      .sort((left, right) => right.bytes - left.bytes)
      .slice(0, 12)
      .map(({ stack, writes, bytes, peerCount }) => ({ stack, writes, bytes, peers: peerCount }))
  }

  #note(socket: Socket, chunk: unknown): void {
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    const { text: stack } = creation
    const known = this.#writers.get(stack)
    if (known === undefined && this.#writers.size >= MAX_WRITERS) return
    const writer = known ?? { stack, writes: 0, bytes: 0, peers: new WeakSet(), peerCount: 0 }
    this.#writers.set(stack, writer)
    writer.writes += 1
    writer.bytes += sizeOf(chunk)
    if (writer.peerCount >= MAX_PEERS || writer.peers.has(socket)) return
    writer.peers.add(socket)
    writer.peerCount += 1
  }
}

/** Responses are left to `http`, which knows their routes. */
function isOverfull(socket: Socket): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return socket.writableLength >= OVERFULL_BYTES && (response === undefined || response === null)
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return chunk.length
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}
