import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkSlots } from '../../agents/servers/work-slots.ts'

/** Takes a slot for each, and keeps in which order they were answered. */
async function taken(
  slots: WorkSlots,
  ids: readonly string[],
  then: () => void,
): Promise<string[]> {
  const answers: string[] = []
  const all = ids.map(async (id) => {
    answers.push(`${id} ${(await slots.take(id)) ? 'begins' : 'is given up'}`)
  })
  await Promise.resolve()
  then()
  await Promise.all(all)
  return answers
}

describe('turns to work', () => {
  it('are granted at once while there are any', async () => {
    const answers = await taken(new WorkSlots(2), ['a', 'b'], () => {})
    assert.deepEqual(answers, ['a begins', 'b begins'])
  })
  it('come in the order in which they were asked for', async () => {
    const slots = new WorkSlots(1)
    const answers = await taken(slots, ['a', 'b', 'c'], () => {
      slots.release('a')
      slots.release('b')
    })
    assert.deepEqual(answers, ['a begins', 'b begins', 'c begins'])
  })
  it('are kept for the first rank beside those of all', async () => {
    const slots = new WorkSlots(1, 1)
    await slots.take('nightly', 2)
    assert.deepEqual([slots.isFullFor(2), slots.isFullFor(0)], [true, false])
    assert.equal(await slots.take('stall', 0), true)
    assert.equal(slots.isFullFor(0), true)
  })
  it('come by rank first', async () => {
    const slots = new WorkSlots(1)
    const order: string[] = []
    const take = (id: string, rank: number): Promise<void> =>
      slots.take(id, rank).then(() => {
        order.push(id)
        slots.release(id)
      })
    await slots.take('at work')
    const all = [take('nightly', 2), take('asked for', 1), take('stall', 0)]
    slots.release('at work')
    await Promise.all(all)
    assert.deepEqual(order, ['stall', 'asked for', 'nightly'])
  })
  it('go to the next when one that waits is given up', async () => {
    const slots = new WorkSlots(1)
    const answers = await taken(slots, ['a', 'b', 'c'], () => {
      slots.release('b')
      slots.release('a')
    })
    assert.deepEqual(answers, ['a begins', 'b is given up', 'c begins'])
  })
  it('are given back once, however often it is said', async () => {
    const slots = new WorkSlots(1)
    await slots.take('a')
    slots.release('a')
    slots.release('a')
    await slots.take('b')
    assert.equal(slots.isFullFor(0), true)
  })
  it('of a whole run are given up together', async () => {
    const slots = new WorkSlots(1)
    const answers = await taken(slots, ['r1.a', 'r1.b', 'r2.a'], () => slots.releaseAll('r1.'))
    assert.deepEqual(answers, ['r1.a begins', 'r1.b is given up', 'r2.a begins'])
  })
})
