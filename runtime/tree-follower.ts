import { call } from './call.ts'
import { runAs } from './context.ts'
import type { Kernel } from './kernel.ts'
import { isPid, type Pid } from './pid.ts'
import type { Behaviour, Process } from './process.ts'
import { isReport, type Report } from './report.ts'
import type { TreeEvent } from './tree-event.ts'
import { treeServer } from './tree-server.ts'
import { printable } from './wire.ts'

/** Events that wait for a slow reader; the oldest are dropped beyond it. */
const MAX_WAITING = 10_000

/** Follows the tree as an async iterable; ends with the signal or with the runtime. */
export function followTree(
  kernel: Kernel,
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEvent> {
  return follow(kernel, signal, 'follow', isTreeEvent)
}

/** Follows the reports of all threads in the same way. */
export function followReports(
  kernel: Kernel,
  signal: AbortSignal | undefined,
): AsyncGenerator<Report> {
  return follow(kernel, signal, 'followReports', isReport)
}

/**
 * Sends every report of every thread to an actor from now on, until it ends.
 *
 * @throws {TypeError} Not a pid.
 */
export async function reportsTo(pid: Pid): Promise<void> {
  if (!isPid(pid)) throw new TypeError(`reportsTo: expected a pid, got ${printable(pid)}.`)
  await call(treeServer.spec.name, 'followReports', pid)
}

async function* follow<Event>(
  kernel: Kernel,
  signal: AbortSignal | undefined,
  what: 'follow' | 'followReports',
  isEvent: (message: unknown) => message is Event,
): AsyncGenerator<Event> {
  const reader = new Reader(isEvent)
  const pid = kernel.newPid()
  const follower = kernel.adopt({
    pid,
    id: 'tree follower',
    kin: { parent: kernel.main.pid, ancestors: [], kind: 'worker', initialCall: undefined },
  })
  follower.behaviour = reader
  const finish = (): void => reader.ended()
  if (signal?.aborted) finish()
  signal?.addEventListener('abort', finish, { once: true })
  try {
    if (!reader.over) {
      await runAs(kernel.main, () => call(treeServer.spec.name, what, pid))
    }
    for (;;) {
      const event = await reader.next()
      if (!event) return
      yield event
    }
  } finally {
    signal?.removeEventListener('abort', finish)
    kernel.end(follower, { type: 'normal' })
  }
}

/** An actor whose mail is a queue that plain code reads. */
class Reader<Event> implements Behaviour {
  readonly #isEvent: (message: unknown) => message is Event
  readonly #queue: Event[] = []
  #wake: () => void = () => {}
  over = false

  constructor(isEvent: (message: unknown) => message is Event) {
    this.#isEvent = isEvent
  }

  run({ mailbox }: Process): number {
    const { size } = mailbox
    for (let left = size; left > 0; left--) {
      const event = mailbox.shift()
      if (this.#isEvent(event)) this.#queue.push(event)
    }
    if (this.#queue.length > MAX_WAITING) this.#queue.splice(0, this.#queue.length - MAX_WAITING)
    this.#wake()
    return size
  }

  ended(): void {
    this.over = true
    this.#wake()
  }

  async next(): Promise<Event | undefined> {
    while (!this.over && this.#queue.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift()
  }
}

function isTreeEvent(value: unknown): value is TreeEvent {
  return typeof value === 'object' && value !== null && 'type' in value && 'at' in value
}
