import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { textOf } from '../../skills/json.ts'
import { ListenerWatch } from '../../skills/logger/listener-watch.ts'
import { ListenerBook } from '../../skills/logger/listeners.ts'
import { QuietEmitters } from '../../skills/logger/quiet-emitters.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** What hangs on emitters that are made from now on. */
function quietEmitters(): QuietEmitters {
  const quiet = new QuietEmitters()
  stops.push(quiet.start())
  return quiet
}

/** With so many listeners of one event. */
function crowd(emitter: EventEmitter, count: number): EventEmitter {
  for (let index = 0; index < count; index += 1) emitter.on('news', () => {})
  return emitter
}

describe('emitters that were told not to warn', () => {
  it('are known by their raised limit, once they have many listeners, and told once', () => {
    const quiet = quietEmitters()
    const bus = new EventEmitter().setMaxListeners(0)
    crowd(new EventEmitter().setMaxListeners(10), 9)
    assert.deepEqual(quiet.crowded(), [])
    crowd(bus, 40)
    assert.deepEqual(quiet.crowded(), [{ emitter: bus, type: 'news' }])
    assert.deepEqual(quiet.crowded(), [])
  })

  it('are no longer seen after the end', () => {
    const original = Object.getOwnPropertyDescriptor(EventEmitter.prototype, 'setMaxListeners')
    const quiet = quietEmitters()
    for (const stop of stops.splice(0)) stop()
    assert.deepEqual(
      Object.getOwnPropertyDescriptor(EventEmitter.prototype, 'setMaxListeners'),
      original,
    )
    crowd(new EventEmitter().setMaxListeners(0), 40)
    assert.deepEqual(quiet.crowded(), [])
  })

  it('give the place of the next listener, and have their own methods back', () => {
    const bus = crowd(new EventEmitter().setMaxListeners(0), 40)
    const watch = new ListenerWatch()
    watch.follow(bus, 'news', 1000)
    function awaitNews(): void {
      bus.once('news', () => {})
    }
    bus.on('other', () => {})
    awaitNews()
    const [row] = watch.rows()
    assert.match(textOf(row?.['stack']), /^ {4}at awaitNews .*quiet-emitters\.test/)
    assert.deepEqual([row?.['count'], row?.['isQuiet']], [41, true])
    assert.equal(Object.hasOwn(bus, 'on') || Object.hasOwn(bus, 'once'), false)
  })
})

describe('listeners of an emitter that was told not to warn', () => {
  const growing = (connections: number | undefined): number[] => {
    const book = new ListenerBook()
    for (const [index, count] of [50, 100, 150, 200].entries())
      book.hear({ listeners: [[1, count, 1]] }, index * 2000, connections)
    return book.growing()
  }
  it('leak when there are many more than connections', () => assert.deepEqual(growing(30), [1]))
  it('follow the clients while each has one or two', () => assert.deepEqual(growing(120), []))
  it('say nothing where connections are not counted', () =>
    assert.deepEqual(growing(undefined), []))
})
