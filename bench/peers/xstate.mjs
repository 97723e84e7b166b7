/** xstate delivers on the sender's stack; it has no call of its own, so an event carries a function. */
import { createActor, fromTransition } from 'xstate'
import { commonLoads, SIZES } from './countdown.mjs'

const start = (logic) => createActor(logic).start()
const sink = (tick) =>
  fromTransition((state) => {
    tick()
    return state
  }, 0)
const adder = fromTransition((state, event) => {
  event.resolve(event.value + 1)
  return state
}, 0)
const idle = fromTransition((state) => state, 0)

export const subject = {
  ...commonLoads({
    spawnSink: (tick) => start(sink(tick)),
    spawnAdder: () => start(adder),
    send: (actor, message) => actor.send(message),
    ask: (actor, value) => new Promise((resolve) => actor.send({ type: 'add', value, resolve })),
  }),
  ring: () => {
    let done = () => {}
    const actors = []
    for (let n = 0; n < SIZES.ring; n++) {
      const next = (n + 1) % SIZES.ring
      const logic = fromTransition((state, { value }) => {
        if (value === 0) done()
        else queueMicrotask(() => actors[next].send({ type: 'm', value: value - 1 }))
        return state
      }, 0)
      actors.push(start(logic))
    }
    return {
      operations: SIZES.ringHops,
      run: () =>
        new Promise((resolve) => {
          done = resolve
          actors[0].send({ type: 'm', value: SIZES.ringHops - 1 })
        }),
    }
  },
  spawnAndStop: () => ({
    operations: SIZES.lives,
    run: () => {
      for (let n = 0; n < SIZES.lives; n++) start(idle).stop()
    },
  }),
  idle: () => ({
    operations: SIZES.idle,
    run: () => Array.from({ length: SIZES.idle }, () => start(idle)),
  }),
}
