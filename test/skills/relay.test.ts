import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Inspectable } from '../../skills/gateway/inspectable.ts'
import { WorkerRelay } from '../../skills/gateway/relay.ts'

interface Message {
  readonly id: number
  readonly method: string
  readonly params?: { readonly timeout?: number }
}

/** What main passes on to the one worker, and how the worker answers. */
class FakeMain implements Omit<Inspectable, 'evaluate'> {
  readonly sent: Message[] = []
  readonly #listeners = new Map<string, (parameters: unknown) => void>()
  readonly #answer: (message: Message) => object | undefined

  constructor(answer: (message: Message) => object | undefined) {
    this.#answer = answer
  }

  async post(method: string, parameters: { message?: string }): Promise<unknown> {
    if (method === 'NodeWorker.enable') {
      const workerInfo = { title: '[worker 7] resizer' }
      this.#tell('NodeWorker.attachedToWorker', { sessionId: 's1', workerInfo })
    }
    if (parameters.message === undefined) return {}
    const message: Message = JSON.parse(parameters.message)
    this.sent.push(message)
    const answer = this.#answer(message)
    if (answer !== undefined) this.give(message, answer)
    return {}
  }

  give({ id }: Message, answer: object): void {
    const message = JSON.stringify({ id, ...answer })
    this.#tell('NodeWorker.receivedMessageFromWorker', { sessionId: 's1', message })
  }

  async listen<Value>(
    event: string,
    onEvent: (parameters: unknown) => void,
    use: () => Promise<Value>,
  ): Promise<Value> {
    this.#listeners.set(event, onEvent)
    return use()
  }

  hold<Value>(use: () => Promise<Value>): Promise<Value> {
    return use()
  }

  #tell(event: string, parameters: unknown): void {
    this.#listeners.get(event)?.(parameters)
  }
}

const value = { result: { result: { value: 42 } } }
const terminated = { error: { code: -32_000, message: 'Execution was terminated' } }
const illegalAccess = {
  result: { exceptionDetails: { exception: { type: 'string', value: 'illegal access' } } },
}
const options = { timeoutMs: 5000 }

function evaluateBy(main: FakeMain): Promise<unknown> {
  return new WorkerRelay(main).with(7, (worker) => worker.evaluate('1', options))
}

describe('an evaluation in a worker', () => {
  it('has no deadline of its own, which would take back a terminate() of the application', async () => {
    const main = new FakeMain(() => value)
    const asked = new WorkerRelay(main).with(7, (worker) =>
      worker.evaluate('1', { ...options, mainMs: 100 }),
    )
    assert.equal(await asked, 42)
    assert.deepEqual(
      main.sent.map(({ params }) => params?.timeout),
      [undefined],
    )
  })

  for (const [told, answer] of Object.entries({ terminated, illegalAccess })) {
    it(`ends the worker again when its terminate() was spent on the evaluation: ${told}`, async () => {
      const main = new FakeMain(({ method }) => (method === 'Runtime.evaluate' ? answer : {}))
      await assert.rejects(evaluateBy(main))
      assert.deepEqual(
        main.sent.map(({ method }) => method),
        ['Runtime.evaluate', 'Runtime.terminateExecution'],
      )
    })
  }

  it('that throws by itself ends nothing', async () => {
    const exception = { type: 'object', description: 'Error: no such thing' }
    const main = new FakeMain(() => ({ result: { exceptionDetails: { exception } } }))
    await assert.rejects(evaluateBy(main), /no such thing/)
    assert.equal(main.sent.length, 1)
  })
})

describe('at the exit of main', () => {
  it('answers that are due are waited for, and nothing more is asked', async () => {
    const main = new FakeMain(() => undefined)
    const relay = new WorkerRelay(main)
    const seen: unknown[] = []
    await relay.with(7, async (worker) => {
      const first = worker.evaluate('1', options).then((answer) => seen.push(answer))
      await Promise.resolve()
      const drained = relay.drain(5000).then(() => seen.push('drained'))
      await assert.rejects(worker.evaluate('2', options), /main is exiting/)
      const [asked] = main.sent
      assert.ok(asked !== undefined)
      main.give(asked, value)
      await Promise.all([first, drained])
    })
    assert.deepEqual(new Set(seen), new Set([42, 'drained']))
    assert.equal(main.sent.length, 1)
  })

  it('a worker that does not answer holds nobody up', async () => {
    const main = new FakeMain(() => undefined)
    const relay = new WorkerRelay(main)
    await relay.with(7, async (worker) => {
      worker.evaluate('1', options).catch(() => {})
      await Promise.resolve()
      await relay.drain(20)
    })
    assert.equal(main.sent.length, 1)
  })
})
