import { createSystem } from 'comedy'
import { commonLoads, SIZES } from './countdown.mjs'

const quiet = { log: { info() {}, warn() {}, error() {}, debug() {} } }
const system = createSystem({ ...quiet, test: true })
const root = await system.rootActor()

class Adder {
  add(value) {
    return value + 1
  }
  tell() {
    this.handled = (this.handled ?? 0) + 1
  }
  count() {
    return this.handled
  }
}
const inThread = () => root.createChild(Adder, { mode: 'threaded' })

export const subject = {
  ...commonLoads({
    spawnSink: (tick) => root.createChild({ tell: tick }, { mode: 'in-memory' }),
    spawnAdder: () => root.createChild(Adder, { mode: 'in-memory' }),
    send: (actor, message) => void actor.send('tell', message),
    ask: (actor, value) => actor.sendAndReceive('add', value),
  }),
  threadCall: async () => {
    const actor = await inThread()
    return {
      operations: SIZES.calls,
      run: async () => {
        for (let value = 0; value < SIZES.calls; value++) await actor.sendAndReceive('add', value)
      },
    }
  },
  threadConcurrentCalls: async () => {
    const actor = await inThread()
    const values = Array.from({ length: SIZES.inFlight }, (_, value) => value)
    return {
      operations: SIZES.inFlight,
      run: () => Promise.all(values.map((value) => actor.sendAndReceive('add', value))),
    }
  },
  threadTell: async () => {
    const actor = await inThread()
    return {
      operations: SIZES.burst,
      run: () => {
        for (let n = 0; n < SIZES.burst; n++)
          void actor.send('tell', { id: n, value: { op: 'add', by: 1 } })
        return actor.sendAndReceive('count')
      },
    }
  },
}
