/** Counts to a number again and again; the promise of `of` resolves each time it is reached. */
export function countdown() {
  let left = 0
  let done = () => {}
  return {
    of: (count) => {
      left = count
      return new Promise((resolve) => {
        done = resolve
      })
    },
    tick: () => {
      if (--left === 0) done()
    },
  }
}

export const SIZES = {
  burst: 10_000,
  fan: 1_000,
  calls: 1_000,
  ring: 1_000,
  ringHops: 20_000,
  lives: 500,
  idle: 100_000,
  inFlight: 256,
}

/** The loads that only need to spawn a sink, to send and to ask. */
export function commonLoads({ spawnSink, spawnAdder, send, ask }) {
  const backlog = (operations) => async () => {
    const counter = countdown()
    const actor = await spawnSink(counter.tick)
    return {
      operations,
      run: () => {
        const done = counter.of(operations)
        for (let n = 0; n < operations; n++) send(actor, { type: 'm', id: 0, value: n })
        return done
      },
    }
  }
  return {
    tell: backlog(SIZES.burst),
    backlog200k: backlog(200_000),
    backlog1M: backlog(1_000_000),
    fanOut: async () => {
      const counter = countdown()
      const actors = []
      for (let n = 0; n < SIZES.fan; n++) actors.push(await spawnSink(counter.tick))
      const message = { type: 'm', id: 0, value: 1 }
      return {
        operations: SIZES.fan,
        run: () => {
          const done = counter.of(SIZES.fan)
          for (const actor of actors) send(actor, message)
          return done
        },
      }
    },
    call: async () => {
      const actor = await spawnAdder()
      return {
        operations: SIZES.calls,
        run: async () => {
          for (let value = 0; value < SIZES.calls; value++) await ask(actor, value)
        },
      }
    },
    concurrentCalls: async () => {
      const actor = await spawnAdder()
      const values = Array.from({ length: SIZES.calls }, (_, value) => value)
      return {
        operations: SIZES.calls,
        run: () => Promise.all(values.map((value) => ask(actor, value))),
      }
    },
  }
}
