import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Breaker } from '../../../agents/models/breaker.ts'
import { Lanes } from '../../../agents/models/lanes.ts'
import { ManualClock } from './support/manual-clock.ts'

const options = { threshold: 3, coolMs: 1_000 }

/** A breaker that has been open until 1000 and has cooled. */
function cooled(): Breaker {
  const breaker = new Breaker(options)
  for (let failure = 0; failure < 3; failure++) breaker.failed('overloaded', 0)
  assert.equal(breaker.admit(999), 1_000)
  return breaker
}

describe('Breaker', () => {
  it('lets one probe through when it has cooled, and no second beside it', () => {
    const breaker = cooled()
    assert.equal(breaker.admit(1_000), undefined)
    assert.equal(breaker.admit(1_000), 2_000)
  })
  it('a probe that said nothing about the provider makes room for another', () => {
    const breaker = cooled()
    breaker.admit(1_000)
    breaker.released()
    assert.equal(breaker.admit(1_000), undefined)
  })
  it('a probe that failed opens it again, whatever had opened it', () => {
    const breaker = new Breaker(options)
    breaker.failed('auth', 0)
    assert.equal(breaker.admit(300_000), undefined)
    breaker.failed('overloaded', 300_000)
    assert.equal(breaker.admit(300_001), 301_000)
  })
  it('a success in between begins the count anew', () => {
    const breaker = new Breaker(options)
    for (const _ of [1, 2, 3]) {
      breaker.failed('timeout', 0)
      breaker.failed('timeout', 0)
      breaker.succeeded()
    }
    assert.equal(breaker.admit(0), undefined)
  })
  it('mistakes of ours do not count', () => {
    const breaker = new Breaker(options)
    for (let failure = 0; failure < 9; failure++) breaker.failed('invalid_request', 0)
    assert.equal(breaker.admit(0), undefined)
  })
})

describe('Lanes', () => {
  const never = new AbortController().signal
  it('first come, first served', async () => {
    const lanes = new Lanes({ concurrency: 1, perMinute: 99, maxQueue: 9 }, new ManualClock())
    const first = await lanes.enter(never)
    const order: string[] = []
    const second = lanes.enter(never).then((admission) => [order.push('second'), admission])
    const third = lanes.enter(never).then((admission) => [order.push('third'), admission])
    assert.ok(first.type === 'admitted')
    first.leave()
    const [, admission] = await second
    assert.ok(typeof admission === 'object' && admission.type === 'admitted')
    admission.leave()
    await third
    assert.deepEqual(order, ['second', 'third'])
  })
  it('leaving twice frees one lane', async () => {
    const lanes = new Lanes({ concurrency: 2, perMinute: 99, maxQueue: 9 }, new ManualClock())
    const [first] = [await lanes.enter(never), await lanes.enter(never)]
    assert.ok(first.type === 'admitted')
    first.leave()
    first.leave()
    assert.deepEqual(lanes.load, { busy: 1, waiting: 0 })
  })
  it('who gives up in the queue leaves it', async () => {
    const lanes = new Lanes({ concurrency: 1, perMinute: 99, maxQueue: 9 }, new ManualClock())
    await lanes.enter(never)
    const controller = new AbortController()
    const waiting = lanes.enter(controller.signal)
    controller.abort()
    assert.equal((await waiting).type, 'aborted')
    assert.deepEqual(lanes.load, { busy: 1, waiting: 0 })
  })
  it('who gives up while the rate holds it frees its lane', async () => {
    const lanes = new Lanes({ concurrency: 2, perMinute: 1, maxQueue: 9 }, new ManualClock())
    await lanes.enter(never)
    const controller = new AbortController()
    const waiting = lanes.enter(controller.signal)
    assert.deepEqual(lanes.load, { busy: 2, waiting: 0 })
    controller.abort()
    assert.equal((await waiting).type, 'aborted')
    assert.deepEqual(lanes.load, { busy: 1, waiting: 0 })
  })
})
