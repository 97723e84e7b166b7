import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { child, monitor, refOf, startRuntime } from '../../runtime/index.ts'
import { type FreshThread, Spares, type ThreadKind } from '../../runtime/spares.ts'
import { nextDown, WAIT } from '../conformance/placements.ts'
import { freshPid } from '../fixtures/runtime/fresh-pid.ts'
import { loaded } from '../fixtures/runtime/loaded.ts'
import { stuck } from '../fixtures/runtime/stuck.ts'

/** Thread ids count up, so a thread is older than this if its id is lower. */
async function threadIdNow(): Promise<number> {
  const marker = new Worker('', { eval: true })
  const { threadId } = marker
  await marker.terminate()
  return threadId
}

describe('spare threads', () => {
  const taken: FreshThread[] = []
  let spares: Spares | undefined
  const take = (kind?: ThreadKind): number => {
    const fresh = spares?.take(kind)
    assert.ok(fresh)
    taken.push(fresh)
    return fresh.worker.threadId
  }
  afterEach(async () => {
    const workers = [...(spares?.stop() ?? []), ...taken.splice(0).map(({ worker }) => worker)]
    await Promise.all(workers.map((worker) => worker.terminate()))
  })

  it('are as many as was said, and given out before new ones are made', async () => {
    spares = new Spares(2)
    spares.keep()
    spares.fill()
    const now = await threadIdNow()
    const [first, second, third] = [take(), take(), take()]
    assert.ok(first < second && second < now, 'two waited')
    assert.ok(third > now, 'the third was made when it was asked for')
  })

  it('are none if none are wanted', async () => {
    spares = new Spares(0)
    spares.keep()
    spares.fill()
    const now = await threadIdNow()
    assert.ok(take() > now)
    assert.deepEqual(spares.stop(), [])
  })

  it('have the limits of those they stand in for', async () => {
    spares = new Spares(1)
    take({ limits: { maxOldGenerationSizeMb: 20, stackSizeMb: 2 } })
    spares.fill()
    const now = await threadIdNow()
    assert.ok(take() > now, 'one without limits is another kind')
    const spare = take({ limits: { stackSizeMb: 2, maxOldGenerationSizeMb: 20 } })
    assert.ok(spare < now, 'the order of the limits does not matter')
    assert.equal(taken.at(-1)?.worker.resourceLimits?.maxOldGenerationSizeMb, 20)
  })

  it('are of four kinds at most; that unused for longest has none', async () => {
    spares = new Spares(1)
    const kinds = [20, 21, 22, 23, 24].map((maxOldGenerationSizeMb) => ({
      limits: { maxOldGenerationSizeMb },
    }))
    for (const kind of kinds) spares.keep(kind)
    spares.fill()
    const now = await threadIdNow()
    assert.deepEqual(
      kinds.toReversed().map((kind) => take(kind) < now),
      [true, true, true, true, false],
    )
  })

  it('that end by themselves are no spares', async () => {
    spares = new Spares(1)
    spares.keep()
    spares.fill()
    const lost = spares.take()
    taken.push(lost)
    spares.fill()
    const now = await threadIdNow()
    const [waiting] = spares.stop()
    await waiting?.terminate()
    assert.ok((waiting?.threadId ?? now) < now)
    assert.ok(take() > now)
  })
})

describe('a child whose module is preloaded', () => {
  it('finds it loaded in the spare that takes its place', async () => {
    const runtime = await startRuntime({
      maxRestarts: 1000,
      children: [child(loaded, { preload: true })],
    })
    try {
      const until = Date.now() + WAIT.timeoutMs
      for (let before = 0; before < 50; ) {
        assert.ok(Date.now() < until, 'it was loaded beforehand at some time')
        await new Promise((resolve) => setTimeout(resolve, 100))
        const old = refOf(loaded).pid()
        const down = monitor(old)
        refOf(loaded).cast('leave')
        await nextDown(down)
        await freshPid('loaded', old)
        before = await refOf(loaded).call('startsAfterLoading', undefined, WAIT)
      }
    } finally {
      await runtime.stop()
    }
  })

  it('is one in a thread of its own', () => {
    assert.throws(() => child(loaded, { placement: { thread: 'x' }, preload: true }), {
      message: /preload is for an actor in a thread of its own/,
    })
    assert.throws(() => child(loaded, { preload: 'yes' as never }), { message: /true or false/ })
  })
})

describe('a thread that ran out of memory', () => {
  it('is followed by a spare of the same limits', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 }
    const runtime = await startRuntime({
      maxRestarts: 1000,
      children: [child(stuck, { resourceLimits })],
    })
    try {
      const until = Date.now() + WAIT.timeoutMs
      for (let isSpare = false; !isSpare; ) {
        assert.ok(Date.now() < until, 'a spare was ready at some time')
        await new Promise((resolve) => setTimeout(resolve, 100))
        const now = await threadIdNow()
        const old = refOf(stuck).pid()
        const down = monitor(old)
        refOf(stuck).cast('exhaust')
        assert.deepEqual(await nextDown(down), { type: 'out_of_memory', limitMb: 24 })
        await freshPid('stuck', old)
        isSpare = (await refOf(stuck).call('ping', undefined, WAIT)) < now
      }
    } finally {
      await runtime.stop()
    }
  })
})
