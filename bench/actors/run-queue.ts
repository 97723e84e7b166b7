/**
 * The baseline: as little as an actor runtime can be and still have pids, serial mailboxes, a fair
 * run queue, calls with a timeout, monitors, links and names. Nothing crosses a thread, nothing is
 * checked, nobody can look in.
 */

export type Handler<Message> = (message: Message, self: number) => void

const MESSAGES_PER_SLICE = 256
const MESSAGES_PER_TURN = 4096
const TICK_MS = 10

interface Actor<Message> {
  readonly pid: number
  readonly handle: Handler<Message>
  readonly queue: Message[]
  head: number
  isQueued: boolean
  onExit: ((pid: number) => void) | undefined
  name: string | undefined
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly dueTick: number
}

export class RunQueue<Message> {
  readonly #actors = new Map<number, Actor<Message>>()
  readonly #names = new Map<string, number>()
  readonly #waiting = new Map<number, Waiting>()
  #ready: Actor<Message>[] = []
  #isScheduled = false
  #pids = 0
  #asks = 0
  #tick = 0
  #isTicking = false

  spawn(handle: Handler<Message>, onExit?: (pid: number) => void, name?: string): number {
    const pid = ++this.#pids
    const actor = { pid, handle, queue: [], head: 0, isQueued: false, onExit, name }
    this.#actors.set(pid, actor)
    if (name !== undefined) this.#names.set(name, pid)
    return pid
  }

  stop(pid: number): void {
    const actor = this.#actors.get(pid)
    if (!actor) return
    this.#actors.delete(pid)
    if (actor.name !== undefined) this.#names.delete(actor.name)
    actor.onExit?.(pid)
  }

  send(pid: number, message: Message): void {
    const actor = this.#actors.get(pid)
    if (!actor) return
    actor.queue.push(message)
    if (actor.isQueued) return
    actor.isQueued = true
    this.#ready.push(actor)
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(this.#turn)
  }

  ask(pid: number, compose: (id: number) => Message, timeoutMs = 5000): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#asks
      const dueTick = this.#tick + Math.ceil(timeoutMs / TICK_MS)
      this.#waiting.set(id, { resolve, reject, dueTick })
      if (!this.#isTicking) this.#beginTicking()
      this.send(pid, compose(id))
    })
  }

  reply(id: number, value: unknown): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    this.#waiting.delete(id)
    waiting.resolve(value)
  }

  #beginTicking(): void {
    this.#isTicking = true
    setInterval(this.#onTick, TICK_MS).unref()
  }

  readonly #onTick = (): void => {
    this.#tick++
    for (const [id, { dueTick, reject }] of this.#waiting) {
      if (dueTick > this.#tick) return
      this.#waiting.delete(id)
      reject(new Error('timeout'))
    }
  }

  readonly #turn = (): void => {
    let left = MESSAGES_PER_TURN
    let at = 0
    while (at < this.#ready.length && left > 0) {
      const actor = this.#ready[at++]
      if (actor) left -= this.#slice(actor)
    }
    this.#ready = at < this.#ready.length ? this.#ready.slice(at) : []
    this.#isScheduled = this.#ready.length > 0
    if (this.#isScheduled) setImmediate(this.#turn)
  }

  #slice(actor: Actor<Message>): number {
    let handled = 0
    const { queue } = actor
    while (handled < MESSAGES_PER_SLICE && actor.head < queue.length) {
      const message = queue[actor.head++]
      handled++
      if (message !== undefined) actor.handle(message, actor.pid)
    }
    if (actor.head === queue.length) {
      queue.length = 0
      actor.head = 0
      actor.isQueued = false
    } else this.#ready.push(actor)
    return handled
  }
}
