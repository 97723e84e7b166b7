/** A gauge at one moment. */
export interface Point {
  /** Epoch milliseconds. */
  readonly at: number
  readonly value: number
}

/** Growth from the start of a stretch to its end. */
export interface Rise {
  readonly from: number
  readonly to: number
  readonly overMs: number
}

const FINE_POINTS = 64
const COARSE_POINTS = 120
const COARSE_MS = 60_000

/** The last readings of one gauge, and one a minute of the two hours before; bounded. */
export class Series {
  #fine: Point[] = []
  #coarse: Point[] = []

  add(point: Point): void {
    this.#fine = [...this.#fine.slice(1 - FINE_POINTS), point]
    const last = this.#coarse.at(-1)
    if (last === undefined || point.at - last.at >= COARSE_MS) {
      this.#coarse = [...this.#coarse.slice(1 - COARSE_POINTS), point]
    }
  }

  get last(): Point | undefined {
    return this.#fine.at(-1)
  }

  /** The points not older than this, oldest first. */
  since(at: number): readonly Point[] {
    return this.#fine.filter((point) => point.at >= at)
  }

  /** The value at that time, or the oldest after it. */
  valueAt(at: number): number {
    return (this.#fine.findLast((point) => point.at <= at) ?? this.#fine[0])?.value ?? 0
  }

  /** Steady growth that is under way: over the last readings, else over the last hours. */
  rise(limits: RiseLimits): Rise | undefined {
    return riseOf(this.#fine, limits) ?? riseOf(this.#coarse, limits)
  }
}

/** How much growth counts. */
export interface RiseLimits {
  /** Least growth in all. */
  readonly least: number
  /** Least growth as a factor of where it began: 1.5 is half as much again. */
  readonly factor: number
  /** Least readings that the growth spans. */
  readonly readings: number
}

/**
 * The growth that is under way at the end of a series: it never falls by more than a tenth of what it
 * has gained, its last third grows at a good half of the pace of all of it, and it is large enough.
 *
 * A pool that fills to its size slows down and is none.
 */
export function riseOf(points: readonly Point[], limits: RiseLimits): Rise | undefined {
  const last = points.at(-1)
  if (last === undefined) return undefined
  const rising = risingTail(points)
  const [first] = rising
  if (first === undefined || rising.length < limits.readings) return undefined
  const gained = last.value - first.value
  const overMs = last.at - first.at
  if (gained < limits.least || last.value < first.value * limits.factor) return undefined
  return isPaceKept(rising, gained, overMs)
    ? { from: first.value, to: last.value, overMs }
    : undefined
}

function isPaceKept(rising: readonly Point[], gained: number, overMs: number): boolean {
  const last = rising.at(-1)
  const start = rising[Math.floor(((rising.length - 1) * 2) / 3)]
  if (last === undefined || start === undefined || last.at === start.at) return false
  const pace = (last.value - start.value) / (last.at - start.at)
  return pace >= (gained / Math.max(overMs, 1)) * 0.55
}

/** The longest stretch at the end that grows: from its lowest point on, without a fall that counts. */
function risingTail(points: readonly Point[]): readonly Point[] {
  const last = points.at(-1)
  if (last === undefined) return []
  let from = points.length - 1
  let ceiling = last.value
  for (let index = points.length - 2; index >= 0; index -= 1) {
    const value = points[index]?.value ?? 0
    // a value above what came later is a fall; small ones are noise
    if (value > ceiling + Math.max(1, (last.value - value) * 0.1)) break
    ceiling = Math.min(ceiling, Math.max(value, 0))
    if (value <= (points[from]?.value ?? 0)) from = index
  }
  // of a flat beginning only its end belongs to the growth
  const floor = points[from]?.value ?? 0
  while (from + 1 < points.length && (points[from + 1]?.value ?? 0) <= floor) from += 1
  return points.slice(from)
}
