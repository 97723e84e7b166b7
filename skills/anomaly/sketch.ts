/** Width of a bin on the scale: values are kept to 5 %. */
const BIN = 0.05
/** Bins kept at most; then the lightest goes. */
const MOST_BINS = 160
/** Weights are brought down before they grow beyond this. */
const RESCALE_AT = 1e9
/** A bin below this share of the heaviest is forgotten when weights are brought down. */
const NEGLIGIBLE = 1e-5

/** What is written to a file: bins and their weights, as of one time. */
export interface SavedSketch {
  readonly at: number
  readonly bins: readonly number[]
  readonly weights: readonly number[]
}

/**
 * Quantiles of what a metric was lately: bins of equal relative width, in which old readings count less and
 * less.
 * @see Masson, Rim, Lee (2019), "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
 * guarantees", https://arxiv.org/abs/1908.10693 (the bins); Cormode, Shkapenyuk, Srivastava, Xu (2009),
 * "Forward decay: a practical time decay model for streaming systems" (the ageing)
 */
export class AgedSketch {
  readonly #halfLifeMs: number
  readonly #weights = new Map<number, number>()
  #total = 0
  #origin: number

  constructor(halfLifeMs: number, origin: number) {
    this.#halfLifeMs = halfLifeMs
    this.#origin = origin
  }

  /** @param place On the scale of `scaled`. */
  add(place: number, at: number, weight = 1): void {
    let growth = this.#growth(at)
    if (growth > RESCALE_AT) {
      this.#rescale(at)
      growth = 1
    }
    const bin = Math.round(place / BIN)
    const added = weight * growth
    this.#weights.set(bin, (this.#weights.get(bin) ?? 0) + added)
    this.#total += added
    if (this.#weights.size > MOST_BINS) this.#dropLightest()
  }

  /** What all readings together count at that time: each counted 1 when it was new. */
  weightAt(at: number): number {
    return this.#total / this.#growth(at)
  }

  /** Values below which these shares of the weight lie; shares ascending. NaN where nothing is known. */
  quantiles(shares: readonly number[]): number[] {
    const bins = [...this.#weights.keys()].sort((left, right) => left - right)
    const found: number[] = []
    let below = 0
    let index = -1
    for (const share of shares) {
      while (index < bins.length - 1 && (index < 0 || below < share * this.#total)) {
        index += 1
        below += this.#weights.get(bins[index] ?? 0) ?? 0
      }
      found.push((bins[index] ?? Number.NaN) * BIN)
    }
    return found
  }

  /** Lets what is known count as no more than so many readings: the next ones outweigh it soon. */
  lighten(most: number, at: number): void {
    const factor = most / this.weightAt(at)
    if (factor >= 1 || !Number.isFinite(factor)) return
    for (const [bin, weight] of this.#weights) this.#weights.set(bin, weight * factor)
    this.#total *= factor
  }

  save(at: number): SavedSketch {
    this.#rescale(at)
    const bins = [...this.#weights.keys()].sort((left, right) => left - right)
    const weights = bins.map((bin) => Number((this.#weights.get(bin) ?? 0).toPrecision(3)))
    return { at, bins, weights }
  }

  static from({ at, bins, weights }: SavedSketch, halfLifeMs: number): AgedSketch {
    const sketch = new AgedSketch(halfLifeMs, at)
    for (const [index, bin] of bins.slice(0, MOST_BINS).entries()) {
      const weight = weights[index] ?? 0
      sketch.#weights.set(bin, weight)
      sketch.#total += weight
    }
    return sketch
  }

  #growth(at: number): number {
    return 2 ** Math.max(0, (at - this.#origin) / this.#halfLifeMs)
  }

  #rescale(at: number): void {
    const factor = 1 / this.#growth(at)
    const least = Math.max(0, ...this.#weights.values()) * NEGLIGIBLE
    this.#total = 0
    for (const [bin, weight] of this.#weights) {
      if (weight < least || weight * factor === 0) {
        this.#weights.delete(bin)
        continue
      }
      this.#weights.set(bin, weight * factor)
      this.#total += weight * factor
    }
    this.#origin = Math.max(this.#origin, at)
  }

  #dropLightest(): void {
    let lightest: number | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [bin, weight] of this.#weights) {
      if (weight >= least) continue
      lightest = bin
      least = weight
    }
    if (lightest === undefined) return
    this.#weights.delete(lightest)
    this.#total -= least
  }
}
