/**
 * The darkroom: a queue that takes a bounded number of orders, and developers who work on one at a
 * time, each in a thread of its own. The queue knows nothing of how they are started: who is idle
 * says so, and who dies with an order is a `DOWN` here.
 */
import {
  type CallFrom,
  type ChildSpec,
  cast,
  child,
  type ExitReason,
  isDownMessage,
  monitor,
  type Next,
  type Pid,
  ProcessDown,
  type Reply,
  registerErrorClass,
  type ServerContext,
  self,
  server,
  supervisor,
} from '../../runtime/index.ts'
import { blur, decode, encode, reduce } from './image.ts'

export interface Order {
  readonly id: string
  /** A picture as `image.ts` encodes it. */
  readonly file: Uint8Array
}

export interface Thumbnail {
  readonly id: string
  readonly file: Uint8Array
  readonly width: number
  readonly height: number
  readonly workMs: number
}

/** Back-pressure: there are as many orders as may wait; come again later. */
export class QueueFull extends Error {
  readonly code = 'ERR_QUEUE_FULL'
  readonly retryAfterMs: number
  constructor(capacity: number, retryAfterMs: number) {
    super(`${capacity} orders wait already; come again in ${retryAfterMs} ms`)
    this.retryAfterMs = retryAfterMs
  }
}
registerErrorClass(QueueFull)

const RETRY_AFTER_MS = 20

interface Waiting {
  readonly order: Order
  readonly from: CallFrom
}

interface Queue {
  readonly capacity: number
  readonly waiting: readonly Waiting[]
  readonly idle: readonly Pid[]
  readonly atWork: ReadonlyMap<Pid, Waiting>
}

/** What a developer says to the queue. */
type Word =
  | { readonly type: 'idle'; readonly pid: Pid }
  | { readonly type: 'developed'; readonly pid: Pid; readonly thumbnail: Thumbnail }

export const queue = server(import.meta, {
  name: 'queue',
  placement: 'root',
  init: (capacity: number): Queue => ({ capacity, waiting: [], idle: [], atWork: new Map() }),
  calls: {
    /** Answered with a thumbnail when it is done; fails with `QueueFull` at once. */
    develop: (
      state: Queue,
      order: Order,
      { from }: ServerContext,
    ): Next<Queue> | Reply<Queue, Thumbnail> => {
      if (!from || state.waiting.length >= state.capacity) {
        return { state, fail: new QueueFull(state.capacity, RETRY_AFTER_MS) }
      }
      return { state: handOut({ ...state, waiting: [...state.waiting, { order, from }] }) }
    },
  },
  casts: {
    word: (state: Queue, word: Word, context: ServerContext): Next<Queue> => {
      if (word.type === 'idle') {
        monitor(word.pid)
        return { state: handOut({ ...state, idle: [...state.idle, word.pid] }) }
      }
      const atWork = new Map(state.atWork)
      const done = atWork.get(word.pid)
      if (done) context.reply(done.from, word.thumbnail)
      atWork.delete(word.pid)
      return { state: handOut({ ...state, atWork, idle: [...state.idle, word.pid] }) }
    },
  },
  info: (state: Queue, message: unknown, context: ServerContext): Next<Queue> =>
    isDownMessage(message)
      ? { state: buried(state, message.pid, message.reason, context) }
      : { state },
})

/** Develops one order at a time; whatever is wrong with a file kills this one only. */
export const developer = server(import.meta, {
  name: 'developer',
  init: () => {
    tell({ type: 'idle', pid: self() })
    return 0
  },
  casts: {
    develop: (developed: number, { id, file }: Order): Next<number> => {
      const begun = performance.now()
      const small = reduce(blur(decode(file), 3), 4)
      const { width, height } = small
      const workMs = Math.round(performance.now() - begun)
      const thumbnail = { id, file: encode(small), width, height, workMs }
      tell({ type: 'developed', pid: self(), thumbnail })
      return { state: developed + 1 }
    },
  },
})

/** If the queue goes, so do the developers, whom it would not know any more. */
export function darkroom(developers: number, capacity: number): ChildSpec {
  return supervisor('darkroom', {
    strategy: 'rest_for_one',
    children: [
      child(queue, { args: capacity }),
      supervisor('developers', {
        maxRestarts: 20,
        maxSeconds: 10,
        children: Array.from({ length: developers }, (_, index) =>
          child(developer, {
            id: `developer-${index + 1}`,
            name: `developer-${index + 1}`,
            resourceLimits: { maxOldGenerationSizeMb: 64 },
            watchdog: { stuckMs: 3000, action: 'kill' },
          }),
        ),
      }),
    ],
  })
}

function tell(word: Word): void {
  cast('queue', 'word', word)
}

/** As many orders as there are idle developers. */
function handOut(state: Queue): Queue {
  const pairs = Math.min(state.waiting.length, state.idle.length)
  const atWork = new Map(state.atWork)
  for (let n = 0; n < pairs; n++) {
    const [next, pid] = [state.waiting[n], state.idle[n]]
    if (!next || !pid) continue
    cast(pid, 'develop', next.order)
    atWork.set(pid, next)
  }
  const [waiting, idle] = [state.waiting.slice(pairs), state.idle.slice(pairs)]
  return { ...state, waiting, idle, atWork }
}

/** A file that has ended a developer is not given to another: its customer hears why. */
function buried(
  state: Queue,
  pid: Pid | string,
  reason: ExitReason,
  context: ServerContext,
): Queue {
  const atWork = new Map([...state.atWork].filter(([developer]) => developer !== pid))
  const lost = [...state.atWork].find(([developer]) => developer === pid)?.[1]
  if (lost) context.fail(lost.from, new ProcessDown(String(pid), reason))
  return { ...state, atWork, idle: state.idle.filter((developer) => developer !== pid) }
}
