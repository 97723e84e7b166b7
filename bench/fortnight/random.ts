/** A seeded generator whose state is one number, so that a simulation can be carried on from a copy. */
export interface Random {
  state: number
}

/** Uniform from 0 to 1. @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c mulberry32 */
export function uniform(random: Random): number {
  random.state = (random.state + 0x6d2b79f5) | 0
  let mixed = Math.imul(random.state ^ (random.state >>> 15), 1 | random.state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

export function between(random: Random, least: number, most: number): number {
  return least + (most - least) * uniform(random)
}

/** Standard normal, by Box and Muller. */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(random)))
  return radius * Math.cos(2 * Math.PI * uniform(random))
}

/** Student's t with three degrees of freedom, of unit scale, up to nine of it: tails as heavy as those of real latencies. */
export function heavy(random: Random): number {
  const square = (normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2) / 3
  return Math.max(-9, Math.min(9, normal(random) / Math.sqrt(square)))
}

/** How many of many rare things happen, for small means. */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-Math.min(mean, 50))
  let count = 0
  for (let product = uniform(random); product > limit && count < 500; count += 1)
    product *= uniform(random)
  return count
}
