import assert from 'node:assert/strict'
import * as v from 'valibot'
import { WebSocket } from 'ws'
import { applyEvents, type LiveState, stateOf } from '../../../runtime/observer/apply-event.ts'
import { type Frame, frameSchema } from '../../../runtime/observer/protocol.ts'

const WAIT_MS = 20_000

/** A client that checks every frame against the schema and the numbering, and keeps the state. */
export class LiveTestClient {
  readonly frames: Frame[] = []
  readonly socket: WebSocket
  state: LiveState | undefined
  seq = -1
  closed: Promise<{ code: number; reason: string }>
  failure: unknown
  #wake: (() => void)[] = []
  #itemsPerTopic = 0

  constructor(url: string, { token, headers }: { token?: string; headers?: object } = {}) {
    const target = new URL('/api/v1/live', url.replace('http', 'ws'))
    if (token !== undefined) target.searchParams.set('token', token)
    this.socket = new WebSocket(target, { headers: { ...headers } })
    this.socket.on('message', (data) => {
      try {
        this.#take(v.parse(frameSchema, JSON.parse((data as Buffer).toString())))
      } catch (error) {
        this.failure ??= error
      }
      for (const wake of this.#wake.splice(0)) wake()
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) })
        for (const wake of this.#wake.splice(0)) wake()
      })
    })
  }

  #take(frame: Frame): void {
    this.frames.push(frame)
    if (frame.type === 'hello') this.#itemsPerTopic = frame.itemsPerTopic
    if (frame.type === 'snapshot') {
      this.state = stateOf(frame, this.#itemsPerTopic)
      this.seq = frame.seq
    }
    if (frame.type === 'differences') {
      assert.ok(this.state, 'differences before the first snapshot')
      assert.equal(frame.previous, this.seq)
      this.state = applyEvents(this.state, frame.events)
      this.seq = frame.seq
    }
  }

  /** The first frame, from the given index on, that fits. */
  async frame<T extends Frame['type']>(
    type: T,
    fits: (frame: Extract<Frame, { type: T }>) => boolean = () => true,
    from = 0,
  ): Promise<Extract<Frame, { type: T }>> {
    return await this.until(() => {
      for (const frame of this.frames.slice(from)) {
        if (frame.type === type && fits(frame as Extract<Frame, { type: T }>)) {
          return frame as Extract<Frame, { type: T }>
        }
      }
      return undefined
    }, `a frame '${type}'`)
  }

  /** Waits until the function has a value; looks again after every frame. */
  async until<T>(look: () => T | undefined, what: string): Promise<T> {
    const end = Date.now() + WAIT_MS
    while (true) {
      if (this.failure !== undefined) throw this.failure
      const value = look()
      if (value !== undefined) return value
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed, no ${what}`)
      if (Date.now() > end) {
        throw new Error(`no ${what}; got ${this.frames.map((frame) => frame.type).join(', ')}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500)
        this.#wake.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
}

/** The HTTP status with which an upgrade is refused, and the body's error code. */
export function refusedUpgrade(
  url: string,
  { headers = {}, path = '/api/v1/live' }: { headers?: Record<string, string>; path?: string } = {},
): Promise<{ status: number; code: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL(path, url.replace('http', 'ws')), { headers })
    socket.on('open', () => {
      socket.terminate()
      reject(new Error('was not refused'))
    })
    socket.on('error', () => {})
    socket.on('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += String(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, code: JSON.parse(body).error?.code }),
      )
    })
  })
}
