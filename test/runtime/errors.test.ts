import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import {
  ChildError,
  child,
  fromWireError,
  isRuntimeFailure,
  isWireError,
  NotRunning,
  ProcessDown,
  type Runtime,
  refOf,
  registerErrorClass,
  Supervisor,
  startRuntime,
  toWireError,
} from '../../runtime/index.ts'
import { failing, OrderRefused, Unnamed } from '../fixtures/runtime/failing.ts'

describe('an error that a server answers a call with', () => {
  let runtime: Runtime
  before(async () => {
    runtime = await startRuntime({ maxRestarts: 50, children: [child(failing)] })
  })
  after(() => runtime.stop())

  const failure = async (kind: string): Promise<Error & Record<string, unknown>> => {
    const error: unknown = await runtime
      .act(() => refOf(failing).call('fail', kind as never))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      )
    assert.ok(error instanceof Error, `${kind} arrives as an error`)
    return error as Error & Record<string, unknown>
  }

  it('is of its class again, with name, message, stack, code and own fields', async () => {
    const error = await failure('class')
    assert.ok(error instanceof OrderRefused)
    const { name, message, code, status, order, isRetryable } = error
    assert.deepEqual(
      { name, message, code, status, order, isRetryable },
      {
        name: 'OrderRefused',
        message: 'order 7 was refused',
        code: 'ERR_ORDER_REFUSED',
        status: 409,
        order: { id: 7, placedAt: new Date(1_700_000_000_000) },
        isRetryable: false,
      },
    )
    assert.match(error.stack ?? '', /failing\.(js|ts):\d+/, "the sender's stack")
  })

  it('keeps its cause, of its class', async () => {
    const { cause } = await failure('class')
    assert.ok(cause instanceof RangeError)
    assert.equal(cause.message, 'out of stock')
  })

  it('finds a class that was registered under another name', async () => {
    const error = await failure('renamed')
    assert.ok(error instanceof Unnamed)
    assert.equal(error.name, 'TypeError')
  })

  it('of an aggregate keeps every error, and what is none', async () => {
    const error = await failure('aggregate')
    assert.ok(error instanceof AggregateError)
    const [first, second, third] = error.errors
    assert.ok(first instanceof OrderRefused)
    assert.ok(second instanceof TypeError)
    assert.equal(third, 'text')
    assert.deepEqual(Object.keys(error), [], 'errors is no enumerable field, as with any aggregate')
  })

  it('that is its own cause in the end is told once', async () => {
    const { cause } = await failure('cyclic')
    assert.ok(cause instanceof Error && cause.cause instanceof Error)
    assert.deepEqual(
      [cause.message, cause.cause.message, cause.cause.cause],
      ['second', 'first', undefined],
    )
  })

  it('of the platform keeps its kind', async () => {
    const error = await failure('dom')
    assert.ok(error instanceof DOMException)
    assert.deepEqual([error.name, error.message, error.code], ['NotFoundError', 'no such thing', 8])
  })

  it('that is an abort reason is one', async () => {
    const error = await failure('abort')
    assert.ok(error instanceof DOMException)
    assert.equal(error.name, 'AbortError')
  })

  it('loses only what cannot be cloned, and says so in its place', async () => {
    const { socket, retry, tried } = await failure('uncloneable')
    assert.deepEqual(
      { socket, retry, tried },
      {
        socket: { write: '[function]', remote: '10.0.0.1' },
        retry: '[function]',
        tried: new Set([1, 2]),
      },
    )
  })

  it('keeps a cause that is no error as it is', async () => {
    assert.equal((await failure('text cause')).cause, 'the disk is full')
    assert.deepEqual((await failure('object cause')).cause, { errno: -28, syscall: 'write' })
  })

  it('keeps an error in a field as an error of its class', async () => {
    const { original } = await failure('own error field')
    assert.ok(original instanceof OrderRefused)
  })

  it('of the runtime is of its class', async () => {
    const refused: unknown = await runtime
      .act(() => Supervisor.terminateChild('root', 'nobody'))
      .catch((error: unknown) => error)
    assert.ok(refused instanceof ChildError)
    assert.ok(isRuntimeFailure(refused))
    assert.deepEqual([refused.code, refused.id], ['ERR_CHILD_NOT_FOUND', 'nobody'])
  })

  it('that ended the server is in the reason, and can be made an error of its class', async () => {
    const down: unknown = await runtime
      .act(() => refOf(failing).call('crash', 'class'))
      .catch((error: unknown) => error)
    assert.ok(down instanceof ProcessDown)
    const { reason } = down
    assert.ok('error' in reason && isWireError(reason.error))
    assert.ok(fromWireError(reason.error) instanceof OrderRefused)
  })
})

describe('toWireError and fromWireError', () => {
  const there = (thrown: unknown): Error => fromWireError(structuredClone(toWireError(thrown)))

  it('take errors of another realm', () => {
    const foreign: unknown = runInNewContext('new RangeError("from elsewhere")')
    assert.ok(!(foreign instanceof Error))
    const copy = there(foreign)
    assert.ok(copy instanceof RangeError)
    assert.equal(copy.message, 'from elsewhere')
  })

  it('survive getters that throw', () => {
    const hostile = Object.defineProperties(new Error('plain'), {
      code: { get: () => assert.fail('no code'), enumerable: true },
      detail: { get: () => assert.fail('no detail'), enumerable: true },
    })
    assert.equal(there(hostile).message, 'plain')
  })

  it('bound what an error drags along', () => {
    const wide = { list: Array.from({ length: 100_000 }, () => ({ handler: () => 1 })) }
    const { fields = {} } = toWireError(Object.assign(new Error('wide'), { wide }))
    const { list } = fields['wide'] as { list: unknown[] }
    assert.equal(list.length, 100_000)
    assert.deepEqual([list[0], list.at(-1)], [{ handler: '[function]' }, '[left out]'])
  })

  it('know an aggregate that is deep in a chain of causes', () => {
    const inner = new AggregateError([new Error('leaf')], 'inner')
    const { cause } = there(new Error('outer', { cause: inner }))
    assert.ok(cause instanceof AggregateError)
    assert.equal(cause.errors[0].message, 'leaf')
  })

  it('set own fields that are called like parts of objects as what they are', () => {
    const odd = Object.defineProperty(new Error('odd'), '__proto__', { value: 1, enumerable: true })
    assert.ok(there(odd) instanceof Error)
  })

  it('keep a failure of the runtime recognisable', () => {
    const copy = there(new NotRunning('Reaching another thread'))
    assert.ok(copy instanceof NotRunning && isRuntimeFailure(copy))
    assert.deepEqual([copy.name, copy.code], ['NotRunning', 'ERR_NOT_RUNNING'])
  })
})

describe('registerErrorClass', () => {
  it('refuses what is no class of errors, and a second class of the same name', () => {
    class Twin extends Error {}
    registerErrorClass(Twin, 'test.Twin')
    registerErrorClass(Twin, 'test.Twin')
    assert.throws(() => registerErrorClass(class extends Error {}, 'test.Twin'), {
      message: /another class is called 'test.Twin' already/,
    })
    assert.throws(() => registerErrorClass(Map as never), { name: 'TypeError' })
    assert.throws(() => registerErrorClass(class extends Error {}), { message: /has no name/ })
  })
})
