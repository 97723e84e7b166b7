import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setAlarm } from '../../runtime/alarm.ts'
import {
  cancelTimer,
  exit,
  isAlive,
  monitor,
  readTimer,
  receive,
  register,
  self,
  send,
  sendAfter,
  sleep,
  startTimer,
  unregister,
} from '../../runtime/index.ts'
import {
  asActor,
  assertEmpty,
  inEachPlace,
  nextDown,
  startPuppet,
  useRuntime,
  WAIT,
} from './placements.ts'

const KILL = { type: 'kill' }

describe('TMR timers', () => {
  useRuntime()

  it('TMR-001 startTimer sends { timeout, ref, message }, then is known no more', () =>
    asActor(async () => {
      const ref = startTimer(self(), 'm', 20)
      assert.deepEqual(await receive(undefined, WAIT), { type: 'timeout', ref, message: 'm' })
      assert.equal(readTimer(ref), false)
      assert.equal(cancelTimer(ref), false)
    }))

  it('TMR-002 a timer that is cancelled says what was left and sends nothing', () =>
    asActor(async () => {
      const ref = startTimer(self(), 'm', 60_000)
      const left = cancelTimer(ref)
      assert.ok(typeof left === 'number' && Number.isInteger(left))
      assert.ok(left > 50_000 && left <= 60_000)
      assert.equal(cancelTimer(ref), false)
      await assertEmpty()
    }))

  inEachPlace(
    'TMR-003 sendAfter sends the bare message',
    async (start) => {
      const b = start()
      sendAfter(b.pid, { m: 1 }, 10)
      assert.deepEqual(await b.ask('next'), { m: 1 })
    },
    ['same thread', 'two threads', 'own thread'],
  )

  it('TMR-004 sendAfter sends to itself once the time is over, not before', () =>
    asActor(async () => {
      const begun = performance.now()
      sendAfter(self(), 'hello', 10)
      assert.equal(await receive(undefined, WAIT), 'hello')
      assert.ok(performance.now() - begun >= 8.5)
    }))

  it('TMR-004 sendAfter of 0 ms sends at once', () =>
    asActor(async () => {
      const ref = sendAfter(self(), 'now', 0)
      assert.equal(await receive(undefined, { timeoutMs: 0 }), 'now')
      assert.equal(readTimer(ref), false)
    }))

  it('TMR-006 a timer is read and cancelled, at once or by message', () =>
    asActor(async () => {
      const live = sendAfter(self(), 'late', 60_000)
      assert.equal(typeof readTimer(live), 'number')
      assert.equal(cancelTimer(live, { info: false }), true)
      assert.equal(readTimer(live), false)
      const ref = sendAfter(self(), 'late', 60_000)
      readTimer(ref, { async: true })
      cancelTimer(ref, { async: true })
      cancelTimer(ref, { async: true })
      cancelTimer(ref, { async: true, info: false })
      const answers = [1, 2, 3].map(() => receive)
      const [read, cancelled, again] = [
        await answers[0]?.(undefined, WAIT),
        await answers[1]?.(undefined, WAIT),
        await answers[2]?.(undefined, WAIT),
      ] as { type: string; ref: string; result: unknown }[]
      assert.equal(read?.type, 'read_timer')
      assert.equal(cancelled?.type, 'cancel_timer')
      assert.equal(cancelled?.ref, ref)
      assert.equal(typeof read?.result, 'number')
      assert.equal(typeof cancelled?.result, 'number')
      assert.equal(again?.result, false)
      await assertEmpty()
    }))

  it('TMR-006 a timer of another thread is cancelled by message', () =>
    asActor(async () => {
      const b = startPuppet({ thread: 'tmr-6' })
      const ref = await b.ask('sendAfter', self(), 'late', 60_000)
      assert.throws(() => cancelTimer(ref), /use \{ async: true \}/)
      cancelTimer(ref, { async: true })
      const answer = (await receive(undefined, WAIT)) as { ref: string; result: unknown }
      assert.equal(answer.ref, ref)
      assert.equal(typeof answer.result, 'number')
      assert.equal(await b.ask('readTimer', ref), false)
      const lost = await b.ask('sendAfter', self(), 'late', 60_000)
      const down = monitor(b.pid)
      b.tell('leave', 0)
      await nextDown(down)
      cancelTimer(lost, { async: true })
      assert.deepEqual(await receive(undefined, WAIT), {
        type: 'cancel_timer',
        ref: lost,
        result: false,
      })
    }))

  for (const [what, times] of [
    ['tens of milliseconds', [0, 10, 20, 30, 40, 50]],
    ['single milliseconds', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ] as const) {
    it(`TMR-007 timers ring in the order of their times: ${what}`, () =>
      asActor(async () => {
        const shuffled = times.toSorted((a, b) => ((a * 7) % 11) - ((b * 7) % 11))
        for (let setting = 1; setting >= 0.9; ) {
          const begun = performance.now()
          const refs = shuffled.map((ms) => sendAfter(self(), ms, ms + 20))
          setting = performance.now() - begun
          if (setting >= 0.9) for (const ref of refs) cancelTimer(ref)
        }
        for (const ms of times) assert.equal(await receive(undefined, WAIT), ms)
      }))
  }

  it('TMR-008 twenty timers of one time all ring', () =>
    asActor(async () => {
      const numbers = Array.from({ length: 20 }, (_, n) => n)
      for (const n of numbers) sendAfter(self(), n, 5)
      for (const n of numbers) assert.equal(await receive((m) => m === n, WAIT), n)
    }))

  for (const start of [startTimer, sendAfter]) {
    for (const ms of [2 ** 31, 2 ** 33]) {
      it(`TMR-009 ${start.name} of ${ms} ms does not overflow`, () =>
        asActor(async () => {
          const ref = start(self(), 'far away', ms)
          await sleep(25)
          const left = cancelTimer(ref)
          assert.ok(typeof left === 'number')
          assert.ok(left <= ms - 20 && left > ms - 60_000, `${left} left of ${ms}`)
          await assertEmpty()
        }))
    }
  }

  it('TMR-009 an alarm that needs several legs rings after all of them', async () => {
    const begun = performance.now()
    await new Promise<void>((ring) => void setAlarm(35, ring, 10))
    assert.ok(performance.now() - begun >= 31)
  })

  for (const ms of [-1, 1.5, Number.NaN, 'soon', undefined, Number.POSITIVE_INFINITY]) {
    it(`TMR-010 a time of ${ms} is refused`, () =>
      asActor(async () => {
        for (const start of [startTimer, sendAfter]) {
          assert.throws(
            () => start(self(), 'm', ms as never),
            (error) => error instanceof TypeError || error instanceof RangeError,
          )
        }
      }))
  }

  it('TMR-010 what is no reference is refused', () =>
    asActor(async () => {
      for (const ref of [7, 'x', undefined, self()]) {
        assert.throws(() => cancelTimer(ref as never), TypeError)
        assert.throws(() => readTimer(ref as never), TypeError)
      }
      assert.throws(() => sendAfter('' as never, 'm', 1), TypeError)
      assert.throws(() => cancelTimer(monitor(self()), { sync: true } as never), /unknown option/)
    }))

  it('TMR-011 a reference that is no timer is false', () =>
    asActor(async () => {
      const ref = monitor(self())
      assert.equal(cancelTimer(ref), false)
      assert.equal(readTimer(ref), false)
    }))

  inEachPlace(
    'TMR-013 a timer on a pid goes with that actor',
    async (start) => {
      const b = start()
      const ref = sendAfter(b.pid, 'never', 60_000)
      assert.equal(typeof readTimer(ref), 'number')
      exit(b.pid, KILL)
      await nextDown(monitor(b.pid))
      await isAlive(b.pid)
      assert.equal(readTimer(ref), false)
      const late = sendAfter(b.pid, 'never', 60_000)
      await nextDown(monitor(b.pid))
      assert.equal(readTimer(late), false)
    },
    ['same thread', 'two threads', 'own thread'],
  )

  inEachPlace('TMR-013 a timer outlives the actor that started it', async (start) => {
    const b = start()
    await b.ask('sendAfter', self(), 'legacy', 30)
    b.tell('finish')
    assert.equal(await receive(undefined, WAIT), 'legacy')
  })

  inEachPlace('TMR-014 a name is looked up when the timer rings', async (start) => {
    const [a, b] = [start(), start()]
    await a.ask('ping')
    await b.ask('ping')
    for (let ms = 40; ; ms *= 2) {
      const ref = sendAfter('tmr-14', 'to whoever has the name', ms)
      await a.ask('register', 'tmr-14')
      unregister('tmr-14')
      await b.ask('register', 'tmr-14')
      if (readTimer(ref) !== false) break
      unregister('tmr-14')
    }
    assert.equal(await b.ask('next'), 'to whoever has the name')
  })

  inEachPlace('TMR-014 a timer on a name survives the death of its holder', async (start) => {
    const [a, b] = [start({ name: 'tmr-14' }), start()]
    await a.ask('ping')
    const ref = sendAfter('tmr-14', 'never', 60_000)
    exit(a.pid, KILL)
    await nextDown(monitor(a.pid))
    await b.ask('register', 'tmr-14')
    assert.equal(typeof cancelTimer(ref), 'number')
  })

  it('TMR-014 a name that nobody has when the timer rings swallows the message', () =>
    asActor(async () => {
      register('tmr-14-gone', self())
      const ref = sendAfter('tmr-14-gone', 'x', 5)
      unregister('tmr-14-gone')
      sendAfter(self(), 'after', 30)
      assert.equal(await receive(undefined, WAIT), 'after')
      assert.equal(readTimer(ref), false)
      send(self(), 'end')
      assert.equal(await receive(undefined, WAIT), 'end')
    }))

  it('TMR-014 a message that could not cross a thread is refused when the timer is set', () =>
    asActor(async () => {
      const b = startPuppet({ thread: 'away' })
      for (const target of [b.pid, 'tmr-14-some-name']) {
        assert.throws(() => sendAfter(target, () => {}, 10), { code: 'ERR_NOT_SENDABLE' })
      }
      exit(b.pid, KILL)
    }))
})
