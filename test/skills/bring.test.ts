import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Script } from 'node:vm'
import { callIn } from '../../skills/gateway/bring.ts'
import type { EvaluateOptions, Inspectable } from '../../skills/gateway/inspectable.ts'

interface Asked {
  readonly expression: string
  readonly options: EvaluateOptions
}

/** A worker that runs what it is asked here, in this thread, unless it is stuck. */
function workerOf(asked: Asked[], isStuck: boolean): Inspectable {
  const refuse = (): Promise<never> => Promise.reject(new Error('not asked for'))
  return {
    evaluate: async (expression, options) => {
      asked.push({ expression, options })
      if (isStuck && options.awaitsPromise === true) throw new Error('no answer in time')
      const value: unknown = await new Script(expression).runInThisContext()
      return value
    },
    post: refuse,
    listen: refuse,
    hold: refuse,
  }
}

const isSafe = Number(process.versions.node.split('.')[0]) >= 24

describe('a module of ours in a worker of the application', () => {
  it('comes by import where a thread that ends while it requires takes the process along', async () => {
    const asked: Asked[] = []
    // false: this is the main thread, which has no place on the board
    const value = await callIn(workerOf(asked, false), 'threads/worker-probe', 'joinBoard()', {
      timeoutMs: 2000,
    })
    assert.equal(value, false)
    assert.deepEqual(
      asked.map(({ options }) => options.awaitsPromise),
      isSafe ? [undefined] : [true, true],
    )
  })

  it('comes by require in a worker whose loop stands still', async () => {
    const asked: Asked[] = []
    const value = await callIn(workerOf(asked, true), 'threads/worker-probe', 'joinBoard()', {
      timeoutMs: 2000,
    })
    assert.equal(value, false)
    assert.match(asked.at(-1)?.expression ?? '', /createRequire/)
  })
})
