import {
  call,
  child,
  isDownMessage,
  isExitMessage,
  type Pid,
  type Placement,
  receive,
  refOf,
  type ServerDefinition,
  Supervisor,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  startServer,
  stop,
} from '../../runtime/index.ts'
import { Countdown } from './done.ts'
import { adder, counter, flooded, flooder, hooks, node, reader, records, sink } from './servers.ts'
import { type Load, SIZES, type Subject } from './subject.ts'

await startRuntime({ children: [] })

async function start<Args>(
  definition: ServerDefinition<Args, unknown, unknown>,
  args?: Args,
  placement: Placement = 'here',
): Promise<Pid> {
  const ref = await startServer(definition, args, { placement })
  if (!ref) throw new Error(`${definition.spec.name} did not start`)
  return ref.pid()
}

async function backlog(operations: number): Promise<Load> {
  const countdown = new Countdown()
  const pid = await start(sink, countdown)
  return {
    operations,
    run: () => {
      const done = countdown.of(operations)
      for (let n = 0; n < operations; n++) send(pid, { id: 0, value: n })
      return done
    },
  }
}

async function fanOut(): Promise<Load> {
  const countdown = new Countdown()
  const pids: Pid[] = []
  for (let n = 0; n < SIZES.fan; n++) pids.push(await start(sink, countdown))
  const message = { id: 0, value: 1 }
  return {
    operations: SIZES.fan,
    run: () => {
      const done = countdown.of(SIZES.fan)
      for (const pid of pids) send(pid, message)
      return done
    },
  }
}

async function ring(): Promise<Load> {
  let done: () => void = () => {}
  const pids: Pid[] = []
  for (let n = 0; n < SIZES.ring; n++) {
    const next = (n + 1) % SIZES.ring
    const pid = await start(node, (left: number) => {
      if (left > 0) return pids[next]
      done()
      return undefined
    })
    pids.push(pid)
  }
  return {
    operations: SIZES.ringHops,
    run: () =>
      new Promise<void>((resolve) => {
        done = resolve
        for (const first of pids.slice(0, 1)) send(first, SIZES.ringHops - 1)
      }),
  }
}

/** A supervised server under a name crashes, and the next of that name answers. */
async function restart(): Promise<Load> {
  const children = [child(adder, { placement: 'here' })]
  await Supervisor.start({ maxRestarts: 1e9, maxSeconds: 0.001, children })
  const ref = refOf(adder)
  return {
    operations: 1,
    run: async () => {
      const isUp = new Promise<void>((resolve) => {
        hooks.started = resolve
      })
      ref.cast('crash')
      await isUp
      return ref.call('add', { value: 1 })
    },
  }
}

async function calls(placement: Placement): Promise<Load> {
  const pid = await start(adder, undefined, placement)
  return {
    operations: SIZES.calls,
    run: async () => {
      for (let value = 0; value < SIZES.calls; value++) await call(pid, 'add', { value })
    },
  }
}

async function concurrentCalls(width: number, placement: Placement): Promise<Load> {
  const pid = await start(adder, undefined, placement)
  const values = Array.from({ length: width }, (_, value) => value)
  return {
    operations: width,
    run: () => Promise.all(values.map((value) => call(pid, 'add', { value }))),
  }
}

/** Linked, watched and named from birth; each is dead before the next is born. */
const spawnAndStop: Load = {
  operations: SIZES.lives,
  run: async () => {
    for (let n = 0; n < SIZES.lives; n++) {
      const { pid, ref } = spawnMonitor(() => {}, undefined, { link: true, name: `life ${n}` })
      await receive((message) => isDownMessage(message) && message.ref === ref)
      await receive((message) => isExitMessage(message) && message.pid === pid)
    }
  },
}

const spawnAndStopServer: Load = {
  operations: SIZES.lives,
  run: async () => {
    for (let n = 0; n < SIZES.lives; n++) {
      const name = `life ${n}`
      await startServer(counter, undefined, { name })
      await stop(name)
    }
  },
}

async function threadTell(): Promise<Load> {
  const pid = await start(counter, undefined, 'thread')
  return {
    operations: SIZES.burst,
    run: () => {
      for (let n = 0; n < SIZES.burst; n++) send(pid, { id: n, value: { op: 'add', by: 1 } })
      return call(pid, 'count')
    },
  }
}

type Write = (sender: ReturnType<typeof records.sender>, count: number) => void

/** The reader answers when it has had all. */
function threadChannel(write: Write): Load {
  const handle = records.create()
  spawn(reader, { handle, every: SIZES.records, to: self() }, { placement: 'thread' })
  const sender = records.sender(handle)
  let sent = 0
  return {
    operations: SIZES.records,
    run: async () => {
      for (let left: number = SIZES.records; left > 0; ) {
        if (sender.room === 0) await sender.wait()
        const count = Math.min(left, sender.room)
        write(sender, count)
        left -= count
      }
      sent += SIZES.records
      const sum = await receive()
      if (sum !== sent) throw new Error(`the reader has not had ${sent} records`)
    },
  }
}

const sendEach: Write = (sender, count) => {
  for (let id = 0; id < count; id++) sender.send({ id, op: 1, by: 1 })
}

const fillAll: Write = (sender, count) => {
  sender.fill(
    (record, id) => {
      record.id = id
      record.op = 1
      record.by = 1
    },
    { count },
  )
}

export const subject: Subject = {
  tell: () => backlog(SIZES.burst),
  backlog200k: () => backlog(200_000),
  backlog1M: () => backlog(1_000_000),
  fanOut,
  call: () => calls('here'),
  concurrentCalls: () => concurrentCalls(SIZES.calls, 'here'),
  ring,
  spawnAndStop: () => spawnAndStop,
  spawnAndStopServer: () => spawnAndStopServer,
  restart,
  idle: () => ({
    operations: SIZES.idle,
    run: async () => {
      const pids: Pid[] = []
      for (let n = 0; n < SIZES.idle; n++) pids.push(await start(counter))
      return pids
    },
  }),
  flood: async () => {
    const pid = await start(flooded)
    send(pid, 0)
    return { handled: () => call(pid, 'handled') }
  },
  threadFlood: async () => {
    const to = await start(counter)
    spawn(flooder, { to, round: SIZES.floodRound }, { placement: 'thread' })
    return { handled: () => call(to, 'count') }
  },
  threadCall: () => calls('thread'),
  threadConcurrentCalls: () => concurrentCalls(SIZES.inFlight, 'thread'),
  threadTell,
  threadChannel: () => threadChannel(sendEach),
  threadChannelFill: () => threadChannel(fillAll),
}
