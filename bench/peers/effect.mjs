import { Deferred, Effect, Fiber, Queue } from 'effect'
import { commonLoads, SIZES } from './countdown.mjs'

const begin = (handle) => {
  const queue = Effect.runSync(Queue.unbounded())
  const loop = Effect.forever(Effect.map(Queue.take(queue), handle))
  Effect.runFork(loop)
  return queue
}

export const subject = {
  ...commonLoads({
    spawnSink: (tick) => begin(() => tick()),
    spawnAdder: () =>
      begin(({ reply, value }) => Deferred.doneUnsafe(reply, Effect.succeed(value + 1))),
    send: (queue, message) => Queue.offerUnsafe(queue, message),
    ask: (queue, value) => {
      const reply = Deferred.makeUnsafe()
      Queue.offerUnsafe(queue, { reply, value })
      return Effect.runPromise(Effect.timeout(Deferred.await(reply), 5000))
    },
  }),
  spawnAndStop: () => ({
    operations: SIZES.lives,
    run: async () => {
      for (let n = 0; n < SIZES.lives; n++) {
        const queue = Effect.runSync(Queue.unbounded())
        const fiber = Effect.runFork(Effect.forever(Queue.take(queue)))
        await Effect.runPromise(Fiber.interrupt(fiber))
      }
    },
  }),
  idle: () => ({
    operations: SIZES.idle,
    run: () => Array.from({ length: SIZES.idle }, () => begin(() => {})),
  }),
}
