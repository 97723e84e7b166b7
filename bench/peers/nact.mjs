import { dispatch, query, spawn, start, stop } from 'nact'
import { commonLoads, SIZES } from './countdown.mjs'

const system = start()
let names = 0
const begin = (handle) => spawn(system, handle, `actor-${++names}`)

export const subject = {
  ...commonLoads({
    spawnSink: (tick) => begin(() => tick()),
    spawnAdder: () => begin((_, { sender, value }) => dispatch(sender, value + 1)),
    send: (actor, message) => dispatch(actor, message),
    ask: (actor, value) => query(actor, (sender) => ({ sender, value }), 5000),
  }),
  ring: () => {
    let done = () => {}
    const actors = []
    for (let n = 0; n < SIZES.ring; n++) {
      const next = (n + 1) % SIZES.ring
      const handle = (_, value) => {
        if (value === 0) done()
        else dispatch(actors[next], value - 1)
      }
      actors.push(begin(handle))
    }
    return {
      operations: SIZES.ringHops,
      run: () =>
        new Promise((resolve) => {
          done = resolve
          dispatch(actors[0], SIZES.ringHops - 1)
        }),
    }
  },
  spawnAndStop: () => ({
    operations: SIZES.lives,
    run: async () => {
      for (let n = 0; n < SIZES.lives; n++) {
        await new Promise((resolve) => {
          const actor = spawn(system, () => {}, `life-${++names}`, { afterStop: resolve })
          stop(actor)
        })
      }
    },
  }),
  restart: () => {
    let up = () => {}
    const handle = (state = 0, message = {}) => {
      if (message.value < 0) throw new Error('crash')
      dispatch(message.sender, message.value + 1)
      return state
    }
    const onCrash = (_message, _error, context) => {
      queueMicrotask(up)
      return context.reset
    }
    const actor = spawn(system, handle, 'child', { onCrash })
    return {
      operations: 1,
      run: async () => {
        const isUp = new Promise((resolve) => {
          up = resolve
        })
        dispatch(actor, { value: -1 })
        await isUp
        return query(actor, (sender) => ({ sender, value: 1 }), 5000)
      },
    }
  },
  idle: () => ({
    operations: SIZES.idle,
    run: () => Array.from({ length: SIZES.idle }, () => begin((state) => state)),
  }),
  flood: () => {
    let handled = 0
    const actor = begin((_, message, { self }) => {
      handled++
      dispatch(self, message)
    })
    dispatch(actor, { value: 0 })
    return { handled: () => handled }
  },
}
