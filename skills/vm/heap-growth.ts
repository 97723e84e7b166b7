/** Memory at one moment: a heap floor (right after a major collection), or memory outside the heap. */
export interface MemoryPoint {
  readonly at: number
  readonly bytes: number
}

/** Steady growth, from its first point to its last. */
export interface Growth {
  readonly fromBytes: number
  readonly toBytes: number
  readonly overMs: number
}

const MB = 1_048_576

/**
 * Whether the floor under the heap keeps rising: at least three rises in a row, 10 MB and 25 % together;
 * or two that double it and add 30 MB, since V8 may collect rarely while memory is plentiful.
 *
 * The floor after a major collection is the live data; heapUsed between collections says nothing.
 * A cache that warms up rises as well: this is a reason to look, not a verdict.
 */
export function floorGrowth(floors: readonly MemoryPoint[]): Growth | undefined {
  const rising = risingTail(floors)
  const [first] = rising
  const last = rising.at(-1)
  if (first === undefined || last === undefined || rising.length < 3) return undefined
  const grown = last.bytes - first.bytes
  const isSteep = grown >= 30 * MB && grown >= first.bytes
  if (rising.length < 4 && !isSteep) return undefined
  if (grown < 10 * MB || grown < first.bytes * 0.25) return undefined
  return { fromBytes: first.bytes, toBytes: last.bytes, overMs: last.at - first.at }
}

/**
 * Whether memory outside the heap grows: over the window, the least of the last third lies 25 MB above the
 * most of the first third, and the middle lies between.
 */
export function outsideGrowth(points: readonly MemoryPoint[]): Growth | undefined {
  if (points.length < 9) return undefined
  const third = Math.floor(points.length / 3)
  const start = points.slice(0, third)
  const end = points.slice(-third)
  const middle = points.slice(third, -third).map((point) => point.bytes)
  const most = Math.max(...start.map((point) => point.bytes))
  const least = Math.min(...end.map((point) => point.bytes))
  if (least - most < 25 * MB || Math.max(...middle) > Math.max(...end.map((point) => point.bytes)))
    return undefined
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined) return undefined
  return { fromBytes: first.bytes, toBytes: last.bytes, overMs: last.at - first.at }
}

/** The longest run at the end in which each point is at least 2 % above the one before. */
function risingTail(points: readonly MemoryPoint[]): readonly MemoryPoint[] {
  let from = points.length - 1
  while (from > 0 && (points[from]?.bytes ?? 0) > (points[from - 1]?.bytes ?? 0) * 1.02) from -= 1
  return points.slice(Math.max(0, from))
}
