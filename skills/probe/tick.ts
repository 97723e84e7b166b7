/**
 * Counts how often microtasks and next ticks ran between two looks while the loop stood still: what
 * tells an endless chain of them from one long function.
 *
 * The microtask is the engine's own and may be queued anywhere. A next tick is queued only when the caller
 * says that the thread is not inside Node's own code, whose queue of them must not change under it.
 */
export function createTick(): (isArmed: unknown) => number[] {
  const nextTick = process.nextTick.bind(process)
  const settled = Promise.resolve()
  let microtasks = 0
  let nextTicks = 0
  return (isArmed) => {
    const seen = [microtasks, nextTicks]
    void settled.then(() => {
      microtasks += 1
    })
    if (isArmed !== true) return seen
    nextTick(() => {
      nextTicks += 1
    })
    return seen
  }
}
