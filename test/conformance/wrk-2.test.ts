import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  call,
  cast,
  child,
  type ExitReason,
  exit,
  isDownMessage,
  isPid,
  link,
  monitor,
  type Next,
  type Pid,
  type Reply,
  receive,
  register,
  Supervisor,
  self,
  send,
  sendAfter,
  server,
  spawn,
  startServer,
  trapExit,
  unlink,
  whereis,
} from '../../runtime/index.ts'
import { type ExclusiveArgs, exclusive } from '../fixtures/conformance/exclusive.ts'
import {
  asActor,
  assertEmpty,
  eventually,
  inEachPlace,
  nextDown,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const KILL = { type: 'kill' }
const run = promisify(execFile)

/** A promise and its key. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('WRK threads and actors in them', () => {
  useRuntime()

  for (const how of [KILL, { type: 'fatal' }]) {
    it(`WRK-006 an actor ended by ${how.type} inside a handler has no effect afterwards`, () =>
      asActor(async () => {
        const held = gate()
        const over = gate()
        const me = self()
        const bystander = spawn(() => receive())
        const ghost = server(import.meta, {
          name: 'ghost',
          init: () => 0,
          casts: {
            go: async (state: number): Promise<Next<number>> => {
              send(me, 'begun')
              await held.opened
              send(me, 'message')
              send('wrk-6-me', 'by name')
              sendAfter(me, 'timer', 0)
              spawn(() => send(me, 'child'))
              spawn(() => receive(), undefined, { name: 'wrk-6-child' })
              register('wrk-6-other', bystander)
              link(bystander)
              exit(bystander, KILL)
              cast(me, 'cast')
              void call(me, 'call')
              over.open()
              return { state: state + 1 }
            },
          },
          terminate: () => send(me, 'terminate'),
        })
        register('wrk-6-me', self())
        const pid = (await startServer(ghost, undefined, { link: false }))?.pid() as Pid
        cast(pid, 'go')
        assert.equal(await receive(undefined, WAIT), 'begun')
        const ref = monitor(pid)
        exit(pid, how)
        assert.deepEqual(await nextDown(ref), how === KILL ? { type: 'killed' } : how)
        held.open()
        await over.opened
        await new Promise((resolve) => setImmediate(resolve))
        await assertEmpty()
        assert.deepEqual([whereis('wrk-6-other'), whereis('wrk-6-child')], [undefined, undefined])
        const alive = monitor(bystander)
        send(bystander, 'end')
        assert.deepEqual(await nextDown(alive), { type: 'normal' })
      }))
  }

  it('WRK-006 a server that ends itself inside a handler runs no terminate and ends once', () =>
    asActor(async () => {
      const me = self()
      const suicidal = server(import.meta, {
        name: 'suicidal',
        init: () => 0,
        casts: { go: (): never => exit(self(), KILL) as never },
        terminate: () => send(me, 'terminate'),
      })
      const pid = (await startServer(suicidal, undefined, { link: false }))?.pid() as Pid
      const ref = monitor(pid)
      cast(pid, 'go')
      assert.deepEqual(await nextDown(ref), { type: 'killed' })
      await assertEmpty()
    }))

  it('WRK-007 an actor in an endless loop in its own thread is killed in bounded time', () =>
    asActor(async () => {
      const one = startPuppet('thread', { monitor: true })
      await one.ask('ping')
      one.tell('spin')
      exit(one.pid, KILL)
      assert.deepEqual(await nextDown(one.ref), { type: 'killed' })
    }))

  it('WRK-007 a supervisor that stops such a child kills it after its time', () =>
    asActor(async () => {
      const { top, args } = await superviseExclusive({ shutdown: 30 })
      const { born } = await nextBirth()
      const ref = monitor(born)
      cast(born, 'spin')
      await receive((m) => typeof m === 'object' && m !== null && 'spinning' in m, WAIT)
      assert.equal(await top.call('terminateChild', 'exclusive'), true)
      assert.deepEqual(await nextDown(ref), { type: 'killed' })
      assert.ok(args.port)
      await endSupervisor(top.pid())
    }))

  inEachPlace(
    'WRK-009 a message to another thread is what it was when it was sent',
    async (start) => {
      const b = start()
      const message = { list: [1, 2], map: new Map([['a', 1]]) }
      send(b.pid, message)
      message.list.push(3)
      message.map.clear()
      assert.deepEqual(await b.ask('next'), { list: [1, 2], map: new Map([['a', 1]]) })
    },
    ['two threads', 'own thread', 'root thread'],
  )

  it('WRK-009 a message within a thread is passed as it is, as documented', () =>
    asActor(async () => {
      const message = { list: [1] }
      send(self(), message)
      assert.equal(await receive(), message)
    }))

  inEachPlace(
    'WRK-010 what cannot be cloned is refused at once; nothing was sent, all go on',
    async (start) => {
      const b = start()
      for (const message of [() => 1, Symbol('s'), { deep: { f: () => 1 } }, new WeakMap()]) {
        assert.throws(() => send(b.pid, message), { code: 'ERR_NOT_SENDABLE' })
      }
      await assert.rejects(
        call(b.pid, 'anything', () => 1),
        { code: 'ERR_NOT_SENDABLE' },
      )
      assert.throws(() => cast(b.pid, 'anything', () => 1), { code: 'ERR_NOT_SENDABLE' })
      assert.equal(await b.ask('ping'), 'pong')
      assert.deepEqual(await b.ask('drain'), [])
    },
    ['two threads', 'own thread', 'root thread'],
  )

  inEachPlace(
    'WRK-012 a pid that was in another thread is the same pid',
    async (start) => {
      const b = start()
      const known = new Map([
        [self(), 'me'],
        [b.pid, 'b'],
      ])
      b.tell('send', self(), self(), b.pid)
      const [mine, its] = [await receive(isPid, WAIT), await receive(isPid, WAIT)]
      assert.deepEqual([known.get(mine as Pid), known.get(its as Pid)], ['me', 'b'])
      assert.equal(isPid(mine), true)
    },
    ['two threads', 'own thread', 'root thread'],
  )

  inEachPlace(
    'WRK-014 ten thousand messages mixed with links, exits and calls keep their order',
    async (start, place) => {
      const b = start({ trapExit: true })
      const rounds = place === 'own thread' ? 1000 : 10_000
      const pid = self()
      const expected: unknown[] = []
      for (let n = 0; n < rounds; n++) {
        send(b.pid, n)
        expected.push(n)
        if (n % 10 === 3) link(b.pid)
        if (n % 10 === 5) {
          const reason: ExitReason = { type: 'n', n }
          exit(b.pid, reason)
          expected.push({ type: 'EXIT', pid, reason })
        }
        if (n % 10 === 7) unlink(b.pid)
        if (n % 1000 === 9) assert.equal(await b.ask('ping'), 'pong')
      }
      assert.deepEqual(await b.ask('drain'), expected)
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace(
    'WRK-015 what goes through a relay keeps its order',
    async (start) => {
      const [relay, b] = [start(), startPuppet({ thread: 'wrk-15' })]
      await b.ask('ping')
      for (let n = 0; n < 500; n++) relay.tell('send', b.pid, n)
      const arrived: unknown[] = []
      await eventually(async () => {
        arrived.push(...(await b.ask('drain')))
        return arrived.length >= 500
      })
      assert.deepEqual(
        arrived,
        Array.from({ length: 500 }, (_, n) => n),
      )
      exit(b.pid, KILL)
    },
    ['same thread', 'two threads', 'own thread', 'root thread'],
  )

  for (const how of ['throw', 'leave', 'exhaust', 'stray', 'spin'] as const) {
    it(`WRK-016 a child lost by ${how} starts again in a new thread, when the old one is gone`, () =>
      asActor(async () => {
        const small = { resourceLimits: { maxOldGenerationSizeMb: 24 } }
        const { top } = await superviseExclusive(how === 'exhaust' ? small : {})
        let last = await nextBirth()
        for (let round = 0; round < (how === 'exhaust' ? 1 : 3); round++) {
          cast(last.born, how)
          if (how === 'spin') exit(last.born, KILL)
          const next = await nextBirth()
          assert.notEqual(next.threadId, last.threadId)
          assert.notEqual(next.born, last.born)
          last = next
        }
        await endSupervisor(top.pid())
      }))
  }

  it('WRK-020 a handler that waits holds the next message back', () =>
    asActor(async () => {
      const held = gate()
      const log: string[] = []
      const careful = server(import.meta, {
        name: 'careful',
        init: () => 0,
        calls: {
          wait: async (state: number): Promise<Reply<number, number>> => {
            log.push('wait begins')
            await held.opened
            log.push('wait ends')
            return { reply: state, state: state + 1 }
          },
          next: (state: number): Reply<number, number> => {
            log.push('next')
            return { reply: state, state: state + 1 }
          },
        },
        info: (state: number): Next<number> => {
          log.push('info')
          return { state }
        },
      })
      const ref = await startServer(careful)
      assert.ok(ref)
      const replies = [ref.call('wait'), ref.call('next')]
      send(ref.pid(), 'plain')
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(log, ['wait begins'])
      held.open()
      assert.deepEqual(await Promise.all(replies), [0, 1])
      assert.equal(await ref.call('next'), 2)
      assert.deepEqual(log, ['wait begins', 'wait ends', 'next', 'info', 'next'])
    }))

  it('WRK-021 after stop() no thread, timer or port is left and the process ends', async () => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const path = `../fixtures/conformance/leave-all.${extension}`
    const { stdout } = await run(
      process.execPath,
      [fileURLToPath(new URL(path, import.meta.url))],
      {
        timeout: 30_000,
      },
    )
    assert.equal(stdout.trim(), 'left []')
  })
})

interface Birth {
  readonly born: Pid
  readonly threadId: number
}

async function nextBirth(): Promise<Birth> {
  const birth = await receive(
    (m): m is Birth => typeof m === 'object' && m !== null && 'born' in m,
    WAIT,
  )
  assert.ok(birth, 'the child was started in time')
  return birth
}

async function superviseExclusive(options: {
  shutdown?: number
  resourceLimits?: { maxOldGenerationSizeMb: number }
}) {
  trapExit(true)
  const args: ExclusiveArgs = { port: await freePort(), probe: self() }
  const top = await Supervisor.start({
    maxRestarts: 3,
    children: [child(exclusive, { args, name: false, ...options })],
  })
  return { top, args }
}

async function endSupervisor(pid: Pid): Promise<void> {
  const ref = monitor(pid)
  exit(pid, { type: 'shutdown' })
  await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
