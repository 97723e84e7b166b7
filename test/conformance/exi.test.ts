import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ExitReason,
  exit,
  isAlive,
  isWireError,
  monitor,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
  trapExit,
} from '../../runtime/index.ts'
import { asActor, assertEmpty, inEachPlace, nextDown, nextExit, useRuntime } from './placements.ts'

const boom: ExitReason = { type: 'boom' }
const NORMAL: ExitReason = { type: 'normal' }
const KILL: ExitReason = { type: 'kill' }

function largeReason(): ExitReason {
  return {
    type: 'large',
    bytes: new Uint8Array(64 * 1024).map((_, index) => index % 251),
    nested: Array.from({ length: 2000 }, (_, n) => ({ n, text: `item ${n}`, deep: [[n], { n }] })),
  }
}

describe('EXI exit reasons and exit signals', () => {
  useRuntime()

  inEachPlace('EXI-001 a large reason arrives as it was', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    child.tell('die', largeReason())
    assert.deepEqual(await nextExit(child.pid), largeReason())
  })

  inEachPlace('EXI-002 a linked actor ended from outside tells the given reason', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    exit(child.pid, largeReason())
    assert.deepEqual(await nextExit(child.pid), largeReason())
  })

  inEachPlace('EXI-003 normal from another is ignored', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    exit(child.pid, NORMAL)
    assert.equal(await child.ask('ping'), 'pong')
    await assertEmpty()
  })

  inEachPlace('EXI-004 normal is ignored, abnormal then ends it', async (start) => {
    const child = start({ monitor: true })
    exit(child.pid, NORMAL)
    assert.equal(await isAlive(child.pid), true)
    exit(child.pid, { type: 'abnormal' })
    assert.deepEqual(await nextDown(child.ref), { type: 'abnormal' })
  })

  inEachPlace('EXI-005 who traps exits hears also normal', async (start) => {
    const child = start({ trapExit: true })
    exit(child.pid, NORMAL)
    assert.deepEqual(await child.ask('next'), { type: 'EXIT', pid: self(), reason: NORMAL })
  })

  it('EXI-006 who traps exits and sends itself one goes on', () =>
    asActor(async () => {
      trapExit(true)
      exit(self(), boom)
      assert.deepEqual(await nextExit(self()), boom)
    }))

  inEachPlace(
    'EXI-007 normal to itself ends it',
    async (start) => {
      const child = start({ monitor: true })
      child.tell('exitSelf', NORMAL)
      assert.deepEqual(await nextDown(child.ref), NORMAL)
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace('EXI-008 after normal to itself it is not alive', async (start) => {
    const child = start({ monitor: true })
    child.tell('exitSelf', NORMAL)
    await nextDown(child.ref)
    assert.equal(await isAlive(child.pid), false)
  })

  inEachPlace('EXI-009 any other reason to itself ends it', async (start) => {
    const child = start({ monitor: true })
    child.tell('exitSelf', boom)
    assert.deepEqual(await nextDown(child.ref), boom)
  })

  it('EXI-010 a signal to itself is not survived by catching: no effect follows', () =>
    asActor(async () => {
      const me = self()
      const { ref } = spawnMonitor(async () => {
        try {
          exit(self(), boom)
        } catch {
          send(me, 'survived')
        }
        send(me, 'went on')
        spawn(() => send(me, 'has a child'))
        await receive()
      })
      assert.deepEqual(await nextDown(ref), boom)
      await assertEmpty()
    }))

  inEachPlace('EXI-011 exit(reason) can be caught', async (start) => {
    const child = start()
    assert.equal(await child.ask('dieCaught', boom), 'caught')
    assert.equal(await child.ask('ping'), 'pong')
  })

  inEachPlace('EXI-011 exit(reason) that is not caught ends it with the reason', async (start) => {
    const child = start({ monitor: true })
    child.tell('die', boom)
    assert.deepEqual(await nextDown(child.ref), boom)
  })

  inEachPlace(
    'EXI-012 kill cannot be trapped; links and monitors see killed',
    async (start) => {
      trapExit(true)
      const child = start({ trapExit: true, link: true, monitor: true })
      exit(child.pid, KILL)
      assert.deepEqual(await nextExit(child.pid), { type: 'killed' })
      assert.deepEqual(await nextDown(child.ref), { type: 'killed' })
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace('EXI-013 kill to itself is killed, trapping or not', async (start) => {
    const child = start({ trapExit: true, monitor: true })
    child.tell('exitSelf', KILL)
    assert.deepEqual(await nextDown(child.ref), { type: 'killed' })
  })

  inEachPlace('EXI-014 an end with reason kill can be trapped by the linked', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    child.tell('die', KILL)
    assert.deepEqual(await nextExit(child.pid), KILL)
  })

  inEachPlace('EXI-015 the linked of one that is killed die with killed', async (start) => {
    const [a, b] = [start({ monitor: true }), start()]
    await a.ask('link', b.pid)
    exit(b.pid, KILL)
    assert.deepEqual(await nextDown(a.ref), { type: 'killed' })
  })

  inEachPlace(
    'EXI-016 a normal end does nothing to the linked and removes the link',
    async (start) => {
      const [a, b] = [start(), start()]
      await a.ask('link', b.pid)
      const ref = monitor(b.pid)
      b.tell('finish')
      assert.deepEqual(await nextDown(ref), NORMAL)
      assert.deepEqual(await a.ask('info', a.pid, 'links'), [])
    },
  )

  inEachPlace('EXI-017 who traps hears the normal end of the linked', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    child.tell('finish')
    assert.deepEqual(await nextExit(child.pid), NORMAL)
  })

  inEachPlace('EXI-018 no exit of one that was unlinked before has an effect', async (start) => {
    const [a, b] = [start({ trapExit: true }), start()]
    await a.ask('link', b.pid)
    await a.ask('unlink', b.pid)
    const ref = monitor(b.pid)
    b.tell('die', boom)
    await nextDown(ref)
    assert.deepEqual(await a.ask('drain'), [])
  })

  inEachPlace(
    'EXI-019 of two exits the first counts',
    async (start) => {
      const child = start({ monitor: true })
      exit(child.pid, { type: 'first' })
      exit(child.pid, { type: 'second' })
      assert.deepEqual(await nextDown(child.ref), { type: 'first' })
      await assertEmpty()
    },
    ['same thread', 'two threads', 'own thread'],
  )

  it('EXI-020 a receive whose actor was ended never returns', () =>
    asActor(async () => {
      const me = self()
      const { pid, ref } = spawnMonitor(async () => {
        await receive(() => false, { timeoutMs: 10 })
        send(me, 'ghost')
      })
      await new Promise((resolve) => setImmediate(resolve))
      exit(pid, boom)
      assert.deepEqual(await nextDown(ref), boom)
      assert.equal(await receive(undefined, { timeoutMs: 40 }), undefined)
    }))

  inEachPlace('EXI-021 an uncaught error is the reason: name, message, stack', async (start) => {
    trapExit(true)
    const child = start({ link: true })
    child.tell('crash', 'x'.repeat(100_000))
    const reason = await nextExit(child.pid)
    assert.equal(reason.type, 'error')
    assert.ok('error' in reason && isWireError(reason.error))
    assert.equal(reason.error.name, 'RangeError')
    assert.equal(reason.error.message.length, 100_000)
    assert.match(reason.error.stack ?? '', /puppet/)
  })

  it('EXI-022 a function that throws at once is an exit, not an error of spawn', () =>
    asActor(async () => {
      trapExit(true)
      const pid = spawn(
        () => {
          throw new TypeError('at once', { cause: new Error('deeper') })
        },
        undefined,
        { link: true },
      )
      const reason = await nextExit(pid)
      assert.ok('error' in reason && isWireError(reason.error))
      assert.equal(reason.error.cause?.message, 'deeper')
    }))

  inEachPlace('EXI-023 an error ends with { type: error } and its stack', async (start) => {
    const child = start({ monitor: true })
    child.tell('crash', 'oh')
    const reason = await nextDown(child.ref)
    assert.ok('error' in reason && isWireError(reason.error))
    assert.match(reason.error.stack ?? '', /RangeError: oh\n\s+at /)
  })

  inEachPlace('EXI-024 an exit ends with the bare reason, no stack', async (start) => {
    const child = start({ monitor: true })
    child.tell('die', { type: 'bye' })
    assert.deepEqual(await nextDown(child.ref), { type: 'bye' })
  })

  it('EXI-025 what is thrown and is no error is told as text', () =>
    asActor(async () => {
      const { ref } = spawnMonitor(() => {
        throw 'just text'
      })
      assert.deepEqual(await nextDown(ref), {
        type: 'error',
        error: { name: 'NonError', message: 'just text' },
      })
    }))

  it('EXI-026 a function that returns ends normal, whatever it returns', () =>
    asActor(async () => {
      for (const body of [() => 42, async () => ({ a: 1 }), () => Promise.resolve(boom)]) {
        assert.deepEqual(await nextDown(spawnMonitor(body).ref), NORMAL)
      }
    }))

  it('EXI-027 a promise that is rejected is an uncaught error', () =>
    asActor(async () => {
      const { ref } = spawnMonitor(() => Promise.reject(new RangeError('later')))
      const reason = await nextDown(ref)
      assert.ok('error' in reason && isWireError(reason.error))
      assert.equal(reason.error.message, 'later')
    }))

  const odd: [string, ExitReason][] = [
    ['array', { type: 'odd', what: [1, [2, [3]]] }],
    ['BigInt', { type: 'odd', what: 2n ** 80n }],
    ['Map and Set', { type: 'odd', what: new Map([['a', new Set([1])]]) }],
    ['Date', { type: 'odd', what: new Date(0) }],
  ]
  for (const [what, reason] of odd) {
    inEachPlace(`EXI-028 a reason with ${what} arrives equal`, async (start) => {
      const child = start({ monitor: true })
      exit(child.pid, reason)
      assert.deepEqual(await nextDown(child.ref), reason)
    })
  }

  it('EXI-028 what cannot be cloned in a reason becomes a text', () =>
    asActor(async () => {
      const cyclic: Record<string, unknown> = { f: () => 1 }
      cyclic['self'] = cyclic
      const thrower = {
        get boom(): never {
          throw new Error('getter')
        },
      }
      const cases: [unknown, (what: unknown) => void][] = [
        [() => 1, (what) => assert.equal(what, '[function]')],
        [Symbol('s'), (what) => assert.equal(what, '[symbol]')],
        [{ a: 1, f: () => 1 }, (what) => assert.deepEqual(what, { a: 1, f: '[function]' })],
        [
          new Map([['f', () => 1]]),
          (what) => assert.deepEqual(what, new Map([['f', '[function]']])),
        ],
        [new Set([() => 1]), (what) => assert.deepEqual(what, new Set(['[function]']))],
        [cyclic, (what) => assert.equal(typeof what, 'object')],
        [thrower, (what) => assert.equal(typeof what, 'string')],
        [new WeakMap(), (what) => assert.equal(typeof what, 'object')],
      ]
      for (const [what, check] of cases) {
        const { pid, ref } = spawnMonitor(() => receive())
        exit(pid, { type: 'odd', what })
        const reason = await nextDown(ref)
        assert.equal(reason.type, 'odd')
        assert.ok('what' in reason)
        check(reason['what'])
      }
    }))

  inEachPlace('EXI-029 a hundred deaths with nested reasons tell each its own', async (start) => {
    const fathers = Array.from({ length: 100 }, (_, n) => {
      const child = start({ monitor: true })
      const reason = { type: 'n', n, nested: [{ n }, new Uint8Array(1000).fill(n)] }
      child.tell('die', reason)
      return { child, reason }
    })
    for (const { child, reason } of fathers) assert.deepEqual(await nextDown(child.ref), reason)
  })

  it('EXI-030 a wrong flag is refused at once and changes nothing', () =>
    asActor(async () => {
      for (const value of ['yes', 1, undefined, null]) {
        assert.throws(() => trapExit(value as never), TypeError)
      }
      assert.throws(
        () => spawn(() => {}, undefined, { trap: true } as never),
        /unknown option 'trap'/,
      )
      assert.equal(trapExit(false), false)
    }))

  it('EXI-031 trapExit returns what it was', () =>
    asActor(async () => {
      assert.equal(trapExit(true), false)
      assert.equal(trapExit(true), true)
      assert.equal(trapExit(false), true)
      assert.equal(await receive(undefined, { timeoutMs: 0 }), undefined)
    }))
})
