import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromWireError, isPid, isRef, nearest, toWireError } from '../../runtime/index.ts'
import { Mailbox } from '../../runtime/mailbox.ts'
import { NameTable } from '../../runtime/name-table.ts'
import { makePid, serialOf, threadOf } from '../../runtime/pid.ts'
import { countRestart, type RestartTimes } from '../../runtime/restart-intensity.ts'
import { planRestart, verdict } from '../../runtime/restart-plan.ts'
import { createSharedBuffers, SharedState } from '../../runtime/shared-state.ts'
import { type Due, TimerHeap } from '../../runtime/timer-heap.ts'

const strategies = fc.constantFrom('one_for_one', 'one_for_all', 'rest_for_one' as const)
const idLists = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 })

describe('planRestart', () => {
  it('starts in start order and stops the same, without the failed, in reverse', () => {
    fc.assert(
      fc.property(strategies, idLists, fc.nat(), (strategy, ids, pick) => {
        const failed = ids[pick % ids.length] ?? ''
        const { stop, start } = planRestart(strategy, ids, failed)
        assert.deepEqual(
          start,
          ids.filter((id) => start.includes(id)),
        )
        assert.deepEqual(stop, start.filter((id) => id !== failed).toReversed())
        assert.ok(start.includes(failed))
      }),
    )
  })

  it('touches nobody before the failed child in rest_for_one', () => {
    fc.assert(
      fc.property(idLists, fc.nat(), (ids, pick) => {
        const failed = ids[pick % ids.length] ?? ''
        assert.deepEqual(
          planRestart('rest_for_one', ids, failed).start,
          ids.slice(ids.indexOf(failed)),
        )
      }),
    )
  })
})

describe('verdict', () => {
  it('never restarts a temporary child and always a permanent one', () => {
    fc.assert(
      fc.property(fc.string(), (type) => {
        assert.equal(verdict('temporary', { type }), 'remove')
        assert.equal(verdict('permanent', { type }), 'restart')
      }),
    )
  })
})

describe('countRestart', () => {
  it('never allows more than maxRestarts in any window of maxSeconds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2000), { maxLength: 60 }),
        fc.record({ maxRestarts: fc.nat(6), maxSeconds: fc.integer({ min: 1, max: 5 }) }),
        (gaps, limits) => {
          let now = 0
          let times: RestartTimes = []
          const allowed: number[] = []
          for (const gap of gaps) {
            now += gap
            const counted = countRestart(times, now, limits)
            times = counted.times
            if (!counted.allowed) break
            allowed.push(now)
          }
          for (const at of allowed) {
            const since = at - limits.maxSeconds * 1000
            const within = allowed.filter((time) => time >= since && time <= at)
            assert.ok(within.length <= limits.maxRestarts)
          }
        },
      ),
    )
  })
})

describe('Mailbox', () => {
  it('behaves as a list under pushes, shifts, unshifts and takes from the middle', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), value: fc.integer() }),
      fc.record({ kind: fc.constant('unshift' as const), value: fc.integer() }),
      fc.record({ kind: fc.constant('shift' as const), value: fc.constant(0) }),
      fc.record({ kind: fc.constant('take' as const), value: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const mailbox = new Mailbox()
        const list: unknown[] = []
        for (const { kind, value } of steps) {
          if (kind === 'push') {
            mailbox.push(value)
            list.push(value)
          } else if (kind === 'unshift') {
            mailbox.unshift(value)
            list.unshift(value)
          } else if (kind === 'shift') assert.equal(mailbox.shift(), list.shift())
          else if (list.length > 0) {
            const index = value % list.length
            assert.equal(mailbox.takeAt(index), list.splice(index, 1)[0])
          }
          assert.deepEqual(mailbox.toArray(), list)
        }
      }),
    )
  })
})

describe('NameTable', () => {
  it('behaves as a map of names to pids, seen the same by two threads', () => {
    const shared = createSharedBuffers()
    const [one, two] = [0, 1].map((ordinal) => new NameTable(new SharedState(shared), ordinal))
    assert.ok(one && two)
    const names = fc.constantFrom('a', 'b', 'ä', 'a longer name', 'c', 'd')
    const step = fc.record({
      claim: fc.boolean(),
      first: fc.boolean(),
      name: names,
      serial: fc.nat(3),
    })
    const expected = new Map<string, string>()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (const { claim, first, name, serial } of steps) {
          const table: NameTable = first ? one : two
          const pid = makePid(2, serial)
          if (claim) {
            const holder = expected.get(name) ?? pid
            assert.equal(table.claim(name, pid), holder)
            expected.set(name, holder)
          } else assert.equal(table.release(name), expected.delete(name))
          assert.equal(one.lookup(name), expected.get(name))
          assert.equal(two.lookup(name), expected.get(name))
        }
        assert.deepEqual(new Map(one.entries()), expected)
      }),
    )
  })

  it('takes a name back from who holds it, and from nobody who lost it', () => {
    const table = new NameTable(new SharedState(createSharedBuffers()), 0)
    const [pid, other] = [makePid(0, 1), makePid(0, 2)]
    const hold = table.take('a', pid)
    assert.ok(typeof hold === 'object')
    assert.equal(table.take('a', other), pid)
    table.release('a')
    assert.equal(table.isHeld(hold), false)
    const next = table.take('a', other)
    assert.ok(typeof next === 'object')
    table.giveBack(hold)
    assert.equal(table.lookup('a'), other)
    table.giveBack(next)
    assert.equal(table.lookup('a'), undefined)
  })

  it('frees all names of a lost thread, and its lock', () => {
    const shared = createSharedBuffers()
    const state = new SharedState(shared)
    const table = new NameTable(state, 0)
    table.claim('stays', makePid(1, 1))
    table.claim('goes', makePid(7, 2))
    new Int32Array(shared.cells)[3] = 8
    table.releaseThread(7)
    assert.deepEqual(table.entries(), [['stays', '<1.1>']])
  })
})

describe('pids', () => {
  it('know their serial', () => {
    fc.assert(
      fc.property(fc.nat(), fc.maxSafeNat(), (thread, serial) => {
        assert.equal(serialOf(makePid(thread, serial)), serial)
      }),
    )
  })

  it('are told from names, and know their thread', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (thread, serial) => {
        const pid = makePid(thread, serial)
        assert.ok(isPid(pid))
        assert.equal(threadOf(pid), thread)
        assert.equal(isRef(pid), false)
      }),
    )
    for (const other of ['', '<1.2', 'name', '<a.b>', 7, undefined])
      assert.equal(isPid(other), false)
  })
})

describe('errors on the wire', () => {
  it('keep name, message, code, stack, cause and own fields', () => {
    class Odd extends Error {
      override name = 'Odd'
      code = 'E_ODD'
      detail = { a: [1] }
    }
    const error = new Odd('outer', { cause: new RangeError('inner') })
    const copy = fromWireError(structuredClone(toWireError(error)))
    assert.equal(copy.name, 'Odd')
    assert.equal(copy.message, 'outer')
    assert.equal(copy.stack, error.stack)
    const { code, detail } = copy as Odd
    assert.deepEqual({ code, detail }, { code: 'E_ODD', detail: { a: [1] } })
    assert.ok(copy.cause instanceof Error && copy.cause.message === 'inner')
  })

  it('never fail, whatever was thrown', () => {
    fc.assert(fc.property(fc.anything(), (thrown) => void structuredClone(toWireError(thrown))))
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    assert.equal(typeof toWireError(cyclic).message, 'string')
  })
})

describe('nearest', () => {
  it('finds the word that was meant, and none for something else', () => {
    assert.equal(nearest('stratgy', ['strategy', 'children']), 'strategy')
    assert.equal(nearest('zzzzzzzz', ['strategy', 'children']), undefined)
  })
})

describe('TimerHeap', () => {
  it('gives what is due next, whatever was pushed and taken out before', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ dueAt: fc.nat(50), keep: fc.boolean() })), (plan) => {
        const heap = new TimerHeap<Due>()
        const items = plan.map(({ dueAt, keep }) => ({ dueAt, keep, index: 0 }))
        for (const item of items) heap.push(item)
        for (const item of items) if (!item.keep) heap.remove(item)
        const out: number[] = []
        for (let first = heap.first; first; first = heap.first) {
          out.push(first.dueAt)
          heap.remove(first)
        }
        const kept = items.filter(({ keep }) => keep).map(({ dueAt }) => dueAt)
        assert.deepEqual(
          out,
          kept.toSorted((a, b) => a - b),
        )
      }),
    )
  })
})
