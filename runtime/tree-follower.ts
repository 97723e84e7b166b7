import { call } from './call.ts'
import { runAs } from './context.ts'
import type { Kernel } from './kernel.ts'
import type { Behaviour, Process } from './process.ts'
import type { TreeEvent } from './tree-event.ts'
import { treeServer } from './tree-server.ts'

/** Events that wait for a slow reader; the oldest are dropped beyond it. */
const MAX_WAITING = 10_000

/** Follows the tree as an async iterable; ends with the signal or with the runtime. */
export async function* followTree(
  kernel: Kernel,
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEvent> {
  const reader = new TreeReader()
  const pid = kernel.newPid()
  const follower = kernel.adopt({ pid, id: 'tree follower', parent: kernel.main.pid })
  follower.behaviour = reader
  const finish = (): void => reader.ended()
  if (signal?.aborted) finish()
  signal?.addEventListener('abort', finish, { once: true })
  try {
    if (!reader.over) {
      await runAs(kernel.main, () => call(treeServer.spec.name, 'follow', pid))
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
class TreeReader implements Behaviour {
  readonly #queue: TreeEvent[] = []
  #wake: () => void = () => {}
  over = false

  run({ mailbox }: Process): number {
    const { size } = mailbox
    for (let left = size; left > 0; left--) {
      const event = mailbox.shift()
      if (isTreeEvent(event)) this.#queue.push(event)
    }
    if (this.#queue.length > MAX_WAITING) this.#queue.splice(0, this.#queue.length - MAX_WAITING)
    this.#wake()
    return size
  }

  ended(): void {
    this.over = true
    this.#wake()
  }

  async next(): Promise<TreeEvent | undefined> {
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
