/** The servers under measurement; in a module of their own, since threads load it. */
import { actor, call, channel, type Pid, self, send, server } from '../../runtime/index.ts'
import type { Countdown } from './done.ts'

export const sink = server(import.meta, {
  name: 'sink',
  init: (countdown: Countdown) => countdown,
  info: (countdown: Countdown) => {
    countdown.tick()
    return { state: countdown }
  },
})

/** Called back when a server of this kind has started, or `undefined`. */
export const hooks: { started: (() => void) | undefined } = { started: undefined }

export const adder = server(import.meta, {
  name: 'adder',
  init: () => {
    hooks.started?.()
    return 0
  },
  calls: {
    add: (state: number, { value }: { readonly value: number }) => ({ reply: value + 1, state }),
  },
  casts: {
    crash: () => {
      throw new Error('crash')
    },
  },
})

/** Counts messages and says how many there were. */
export const counter = server(import.meta, {
  name: 'counter',
  init: () => 0,
  calls: { count: (state: number) => ({ reply: state, state }) },
  info: (state: number) => ({ state: state + 1 }),
})

interface Flood {
  readonly to: Pid
  readonly round: number
}

/** Sends to a counter for ever; after each round it waits until that was handled. */
export const flooder = actor(import.meta, {
  name: 'flooder',
  run: async ({ to, round }: Flood): Promise<void> => {
    for (;;) {
      for (let n = 0; n < round; n++) send(to, { id: n, value: { op: 'add', by: 1 } })
      await call(to, 'count', undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    }
  },
})

/** Sends on what it gets, one less, to the next of a ring. */
export const node = server(import.meta, {
  name: 'node',
  init: (next: (left: number) => Pid | undefined) => next,
  info: (next, message) => {
    const left = Number(message)
    const pid = next(left)
    if (pid) send(pid, left - 1)
    return { state: next }
  },
})

/** Sends itself a message for every one it gets. */
export const flooded = server(import.meta, {
  name: 'flooded',
  init: () => ({ handled: 0 }),
  calls: { handled: (state: { handled: number }) => ({ reply: state.handled, state }) },
  info: (state, message) => {
    state.handled++
    send(self(), message)
    return { state }
  },
})

/** What `threadTell` sends as messages. */
export const records = channel({
  name: 'records',
  record: { id: 'u32', op: 'u32', by: 'f64' },
  capacity: 8192,
})

/** Reads records and says so after every `every` of them. */
export const reader = actor(import.meta, {
  name: 'reader',
  run: async ({ handle, every, to }: { handle: unknown; every: number; to: Pid }) => {
    const receiver = records.receiver(handle)
    let [count, sum] = [0, 0]
    while ((await receiver.wait()) === 'ready') {
      const before = count
      count += receiver.drain(({ by }) => {
        sum += by
      })
      if (Math.floor(count / every) > Math.floor(before / every)) send(to, sum)
    }
  },
})
