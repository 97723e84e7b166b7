import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  demonitor,
  type ExitReason,
  exit,
  isDownMessage,
  isExitMessage,
  isPid,
  link,
  monitor,
  type Pid,
  type Runtime,
  receive,
  register,
  self,
  send,
  spawn,
  spawnMonitor,
  startRuntime,
  trapExit,
  unlink,
  unregister,
  whereis,
} from '../../runtime/index.ts'

const WAIT = { timeoutMs: 10_000 }
const boom: ExitReason = { type: 'boom' }

/** Runs a test's code as an actor of its own and gives back what it returns. */
async function asActor<Value>(body: () => Promise<Value>): Promise<Value> {
  let result: { value: Value } | undefined
  const { ref } = spawnMonitor(async () => {
    result = { value: await body() }
  })
  const down = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
  assert.ok(isDownMessage(down))
  assert.deepEqual(down.reason, { type: 'normal' })
  assert.ok(result)
  return result.value
}

function idle(): Pid {
  return spawn(async () => {
    await receive()
  })
}

async function nextDown(ref: unknown): Promise<ExitReason> {
  const message = await receive((m) => isDownMessage(m) && m.ref === ref, WAIT)
  assert.ok(isDownMessage(message))
  return message.reason
}

async function nextExit(pid: Pid): Promise<ExitReason> {
  const message = await receive((m) => isExitMessage(m) && m.pid === pid, WAIT)
  assert.ok(isExitMessage(message))
  return message.reason
}

describe('actors of one thread', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ children: [], spare: false })
  })
  after(() => runtime.stop())

  describe('messages', () => {
    it('SIG-003 arrive in the order sent', () =>
      asActor(async () => {
        const me = self()
        spawn(() => {
          for (let n = 0; n < 1000; n++) send(me, n)
        })
        for (let n = 0; n < 1000; n++) assert.equal(await receive(undefined, WAIT), n)
      }))

    it('SIG-005 to the dead do nothing', () =>
      asActor(async () => {
        const { pid, ref } = spawnMonitor(() => {})
        await nextDown(ref)
        send(pid, 'anybody there?')
      }))

    it('RCV-001 are taken by match, the others keep their order', () =>
      asActor(async () => {
        for (const letter of ['a', 'b', 'c', 'd']) send(self(), letter)
        assert.equal(await receive((m) => m === 'c'), 'c')
        assert.deepEqual([await receive(), await receive(), await receive()], ['a', 'b', 'd'])
      }))

    it('RCV-003 a timeout of 0 only looks', () =>
      asActor(async () => {
        send(self(), 'a')
        assert.equal(await receive((m) => m === 'c', { timeoutMs: 0 }), undefined)
        assert.equal(await receive(), 'a')
      }))

    it('REG-005 to a name that nobody has is an error', () => {
      assert.throws(() => send('nobody-here', 1), { code: 'ERR_NO_PROCESS' })
    })
  })

  describe('exits', () => {
    it('EXI-003 normal from another is ignored', () =>
      asActor(async () => {
        const pid = idle()
        const ref = monitor(pid)
        exit(pid, { type: 'normal' })
        exit(pid, boom)
        assert.deepEqual(await nextDown(ref), boom)
      }))

    it('EXI-012 kill cannot be trapped and is seen as killed', () =>
      asActor(async () => {
        const me = self()
        const pid = spawn(async () => {
          trapExit(true)
          send(me, 'trapping')
          await receive()
        })
        await receive((m) => m === 'trapping')
        const ref = monitor(pid)
        exit(pid, { type: 'kill' })
        assert.deepEqual(await nextDown(ref), { type: 'killed' })
      }))

    it('EXI-010 a signal to itself cannot be survived by catching', () =>
      asActor(async () => {
        const me = self()
        const { ref } = spawnMonitor(() => {
          try {
            exit(self(), boom)
          } catch {
            send(me, 'survived')
          }
        })
        assert.deepEqual(await nextDown(ref), boom)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
      }))

    it('EXI-011 exit(reason) is an exception and can be caught', () =>
      asActor(async () => {
        const { ref } = spawnMonitor(() => {
          try {
            exit(boom)
          } catch {}
        })
        assert.deepEqual(await nextDown(ref), { type: 'normal' })
      }))

    it('EXI-021 an uncaught error is the reason, with its stack', () =>
      asActor(async () => {
        const { ref } = spawnMonitor(() => {
          throw new RangeError('too far')
        })
        const reason = await nextDown(ref)
        assert.equal(reason.type, 'error')
        assert.match(JSON.stringify(reason), /RangeError.*too far.*actors\.test/)
      }))

    it('EXI-028 a reason that cannot be cloned is made printable', () =>
      asActor(async () => {
        const { ref } = spawnMonitor(() => exit({ type: 'odd', what: () => 1 }))
        assert.deepEqual(await nextDown(ref), { type: 'odd', what: '[function]' })
      }))

    it('WRK-006 the leftover of a killed actor has no effect', () =>
      asActor(async () => {
        const me = self()
        let release: () => void = () => {}
        const gate = new Promise<void>((resolve) => {
          release = resolve
        })
        let finished: () => void = () => {}
        const over = new Promise<void>((resolve) => {
          finished = resolve
        })
        const pid = spawn(async () => {
          await gate
          send(me, 'ghost')
          finished()
        })
        await Promise.resolve()
        exit(pid, { type: 'kill' })
        release()
        await over
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
      }))
  })

  describe('links', () => {
    it('LNK-014 an abnormal end takes the linked with it', () =>
      asActor(async () => {
        const others = [idle(), idle(), idle()]
        const refs = others.map((pid) => monitor(pid))
        spawn(() => {
          for (const pid of others) link(pid)
          exit(boom)
        })
        for (const ref of refs) assert.deepEqual(await nextDown(ref), boom)
      }))

    it('LNK-015 a ring of ten thousand dies once and needs no deep stack', () =>
      asActor(async () => {
        const me = self()
        const ring = Array.from({ length: 10_000 }, () =>
          spawn(async () => {
            const next = await receive(isPid)
            if (next) link(next)
            send(me, 'linked')
            await receive()
          }),
        )
        ring.forEach((pid, index) => send(pid, ring[(index + 1) % ring.length]))
        const ref = monitor(ring[5000] as Pid)
        for (const _ of ring) await receive((message) => message === 'linked', WAIT)
        exit(ring[0] as Pid, boom)
        assert.deepEqual(await nextDown(ref), boom)
      }))

    it('LNK-008 to the dead is an exit noproc for who traps', () =>
      asActor(async () => {
        trapExit(true)
        const { pid, ref } = spawnMonitor(() => {})
        await nextDown(ref)
        assert.equal(link(pid), true)
        assert.deepEqual(await nextExit(pid), { type: 'noproc' })
      }))

    it('LNK-010 after unlink no exit comes', () =>
      asActor(async () => {
        trapExit(true)
        const pid = spawn(() => receive(), undefined, { link: true })
        unlink(pid)
        const ref = monitor(pid)
        exit(pid, boom)
        await nextDown(ref)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
      }))

    it('LNK-013 of birth holds even if the child ends at once', () =>
      asActor(async () => {
        trapExit(true)
        const pid = spawn(() => exit(boom), undefined, { link: true })
        assert.deepEqual(await nextExit(pid), boom)
      }))

    it('SIG-011 kill becomes killed along a chain', () =>
      asActor(async () => {
        trapExit(true)
        const grow = (left: number, top: Pid): Pid =>
          spawn(
            async () => {
              if (left > 0) grow(left - 1, top)
              else send(top, { last: self() })
              await receive()
            },
            undefined,
            { link: true },
          )
        const first = grow(9, self())
        const last = await receive(
          (m): m is { last: Pid } => typeof m === 'object' && m !== null && 'last' in m,
          WAIT,
        )
        exit(last?.last as Pid, { type: 'kill' })
        assert.deepEqual(await nextExit(first), { type: 'killed' })
      }))
  })

  describe('monitors', () => {
    it('MON-002 of birth never say noproc', () =>
      asActor(async () => {
        const { ref } = spawnMonitor(() => {})
        assert.deepEqual(await nextDown(ref), { type: 'normal' })
      }))

    it('MON-004 of the dead say noproc at once', () =>
      asActor(async () => {
        const { pid, ref } = spawnMonitor(() => exit(boom))
        await nextDown(ref)
        assert.deepEqual(await nextDown(monitor(pid)), { type: 'noproc' })
      }))

    it('MON-006 of an unknown name say noproc, with the name', () =>
      asActor(async () => {
        monitor('nobody-at-all')
        const message = await receive(isDownMessage, WAIT)
        assert.equal(message?.pid, 'nobody-at-all')
        assert.deepEqual(message?.reason, { type: 'noproc' })
      }))

    it('MON-017 flush removes a DOWN that is already there', () =>
      asActor(async () => {
        const pid = idle()
        const [first, second, third] = [monitor(pid), monitor(pid), monitor(pid)]
        demonitor(first)
        exit(pid, boom)
        demonitor(second, { flush: true })
        assert.deepEqual(await nextDown(third), boom)
        assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
      }))

    it('MON-021 twice are two', () =>
      asActor(async () => {
        const pid = idle()
        const refs = [monitor(pid), monitor(pid)]
        exit(pid, boom)
        for (const ref of refs) assert.deepEqual(await nextDown(ref), boom)
      }))

    it('MON-026 the name is free when DOWN is seen', () =>
      asActor(async () => {
        for (let round = 0; round < 200; round++) {
          const { pid, ref } = spawnMonitor(() => receive(), undefined, { name: 'reused' })
          exit(pid, boom)
          await nextDown(ref)
          assert.equal(whereis('reused'), undefined)
        }
      }))
  })

  describe('names', () => {
    it('REG-003 are given once', () =>
      asActor(async () => {
        register('mine', self())
        assert.equal(whereis('mine'), self())
        assert.throws(() => register('mine', idle()), /belongs to/)
        unregister('mine')
        assert.equal(whereis('mine'), undefined)
      }))

    it('REG-002 go to living actors only', () =>
      asActor(async () => {
        const { pid, ref } = spawnMonitor(() => {})
        await nextDown(ref)
        assert.throws(() => register('ghost', pid), /is dead/)
        assert.throws(() => register('', self()), /1 to 100 characters/)
        assert.throws(() => unregister('ghost'), /nobody is called/)
      }))
  })

  describe('bad input', () => {
    it('spawn says what it expects', () => {
      assert.throws(() => spawn('x' as never), /expected a function or what server\(\)/)
      assert.throws(
        () => spawn(() => {}, undefined, { linked: true } as never),
        /Did you mean 'link'/,
      )
      assert.throws(
        () => spawn(() => {}, undefined, { placement: 'thread' }),
        /cannot go to another/,
      )
      assert.throws(
        () => spawn(() => {}, undefined, { placement: 'moon' as never }),
        /'thread', 'root'/,
      )
    })

    it('monitor, link and exit say what they expect', () => {
      assert.throws(() => monitor(7 as never), TypeError)
      assert.throws(() => link('x' as never), /expected a pid such as/)
      assert.throws(() => exit('x' as never, boom), /expected a pid/)
      assert.throws(() => exit(self(), 'boom' as never), /expected a reason/)
      assert.throws(() => demonitor('x' as never), /what monitor\(\) returned/)
      assert.throws(() => trapExit('yes' as never), /true or false/)
    })
  })
})
