import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Peer, type PeerOptions } from '../examples/shop/peer.ts'
import type { FromServer, ToServer } from './messages.ts'

const patienceMs = 60_000

export interface Usage {
  readonly cpuUs: number
  readonly rssBytes: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** The HTTP service under measurement, as a process of its own. */
export class MeasuredServer {
  readonly #peer: Peer<ToServer, FromServer>
  readonly port: number

  private constructor(peer: Peer<ToServer, FromServer>, port: number) {
    this.#peer = peer
    this.port = port
  }

  static async start(options: PeerOptions): Promise<MeasuredServer> {
    const peer = new Peer<ToServer, FromServer>('measured server', fixture('http-server'), options)
    try {
      const { port } = await peer.hear('listening', { timeoutMs: patienceMs, signal: never() })
      return new MeasuredServer(peer, port)
    } catch (error) {
      peer.kill()
      throw error
    }
  }

  async usage(): Promise<Usage> {
    this.#peer.tell({ type: 'usage' })
    return this.#peer.hear('usage', { timeoutMs: patienceMs, signal: never() })
  }

  /** Lets its main thread stand still. @returns When it began and ended, epoch milliseconds. */
  async stall(forMs: number): Promise<{ readonly from: number; readonly to: number }> {
    this.#peer.tell({ type: 'stall', forMs })
    return this.#peer.hear('stalled', { timeoutMs: forMs + patienceMs, signal: never() })
  }

  async stop(): Promise<void> {
    await this.#peer.end(undefined, 15_000)
  }
}

/** The path of a program in `fixtures`, as source or as build, whichever this is. */
export function fixture(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`./fixtures/${name}${extension}`, import.meta.url))
}

/** Lets a program that has just started come to rest. */
export function settle(ms: number): Promise<void> {
  return delay(ms)
}

function never(): AbortSignal {
  return new AbortController().signal
}
