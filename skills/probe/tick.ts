/**
 * Counts how often microtasks and next ticks ran between two looks while the loop stood still: what
 * tells an endless chain of them from one long function. It queues nothing unless the caller says
 * that the thread is not inside Node's own code, whose queues must not change under it.
 */
export function createTick(): (isArmed: unknown) => number[] {
  const nextTick = process.nextTick.bind(process)
  let microtasks = 0
  let nextTicks = 0
  return (isArmed) => {
    const seen = [microtasks, nextTicks]
    if (isArmed !== true) return seen
    queueMicrotask(() => {
      microtasks += 1
    })
    nextTick(() => {
      nextTicks += 1
    })
    return seen
  }
}
