import { Countdown } from './done.ts'
import { type Handler, RunQueue } from './run-queue.ts'
import { type Load, SIZES, type Subject } from './subject.ts'

interface Message {
  readonly id: number
  readonly value: number
}

const system = new RunQueue<Message>()

function sink(countdown: Countdown): Handler<Message> {
  return () => countdown.tick()
}

function backlog(operations: number): Load {
  const countdown = new Countdown()
  const pid = system.spawn(sink(countdown))
  return {
    operations,
    run: () => {
      const done = countdown.of(operations)
      for (let n = 0; n < operations; n++) system.send(pid, { id: 0, value: n })
      return done
    },
  }
}

const adder: Handler<Message> = ({ id, value }) => system.reply(id, value + 1)

/** A supervisor by hand: the news of the death is a message, then a new one under the same name. */
function restart(): Load {
  let pid = 0
  const child: Handler<Message> = (message, self) => {
    try {
      if (message.value < 0) throw new Error('crash')
      system.reply(message.id, message.value + 1)
    } catch {
      system.stop(self)
    }
  }
  const begin = (): void => {
    pid = system.spawn(child, (dead) => system.send(supervisor, { id: 0, value: dead }), 'child')
  }
  let restarted: () => void = () => {}
  const supervisor = system.spawn(() => {
    begin()
    restarted()
  })
  begin()
  return {
    operations: 1,
    run: async () => {
      const isUp = new Promise<void>((resolve) => {
        restarted = resolve
      })
      system.send(pid, { id: 0, value: -1 })
      await isUp
      return system.ask(pid, (id) => ({ id, value: 1 }))
    },
  }
}

export const subject: Subject = {
  tell: () => backlog(SIZES.burst),
  backlog200k: () => backlog(200_000),
  backlog1M: () => backlog(1_000_000),
  fanOut: () => {
    const countdown = new Countdown()
    const pids = Array.from({ length: SIZES.fan }, () => system.spawn(sink(countdown)))
    const message = { id: 0, value: 1 }
    return {
      operations: SIZES.fan,
      run: () => {
        const done = countdown.of(SIZES.fan)
        for (const pid of pids) system.send(pid, message)
        return done
      },
    }
  },
  call: () => {
    const pid = system.spawn(adder)
    return {
      operations: SIZES.calls,
      run: async () => {
        for (let n = 0; n < SIZES.calls; n++) await system.ask(pid, (id) => ({ id, value: n }))
      },
    }
  },
  concurrentCalls: () => {
    const pid = system.spawn(adder)
    const calls = Array.from({ length: SIZES.calls }, (_, value) => value)
    return {
      operations: SIZES.calls,
      run: () => Promise.all(calls.map((value) => system.ask(pid, (id) => ({ id, value })))),
    }
  },
  ring: () => {
    let done: () => void = () => {}
    const pids: number[] = []
    for (let n = 0; n < SIZES.ring; n++) {
      const next = (n + 1) % SIZES.ring
      const pid = system.spawn(({ value }) => {
        if (value === 0) done()
        else system.send(pids[next] ?? 0, { id: 0, value: value - 1 })
      })
      pids.push(pid)
    }
    return {
      operations: SIZES.ringHops,
      run: () =>
        new Promise<void>((resolve) => {
          done = resolve
          system.send(pids[0] ?? 0, { id: 0, value: SIZES.ringHops - 1 })
        }),
    }
  },
  spawnAndStop: () => ({
    operations: SIZES.lives,
    run: async () => {
      for (let n = 0; n < SIZES.lives; n++) {
        await new Promise((resolve) => {
          const pid = system.spawn((_, self) => system.stop(self), resolve, `life ${n}`)
          system.send(pid, { id: 0, value: 0 })
        })
      }
    },
  }),
  restart,
  idle: () => {
    const handle = sink(new Countdown())
    return {
      operations: SIZES.idle,
      run: () => Array.from({ length: SIZES.idle }, () => system.spawn(handle)),
    }
  },
  flood: () => {
    let handled = 0
    const pid = system.spawn((message, self) => {
      handled++
      system.send(self, message)
    })
    system.send(pid, { id: 0, value: 0 })
    return { handled: () => handled }
  },
}
