/** Facts a machine can look up: does this number stand in what was measured, is this text a quote? */
import type { Evidence } from './fields.ts'
import type { Json } from './json.ts'

/** Numbers looked at in one body of data at most; beyond it a number counts as not found. */
const maximumNumbers = 50_000

/** Numbers that agree to 1 %, the precision to which people and models round. */
const tolerance = 0.01

/** Characters of one text in which numbers are looked for. */
const maximumText = 20_000

/** All numbers in data, those inside of texts included (`blocked for 4.2 s` holds 4.2). */
export function numbersIn(data: readonly (Json | undefined)[]): ReadonlySet<number> {
  const found = new Set<number>()
  const rest: (Json | undefined)[] = [...data]
  while (rest.length > 0 && found.size < maximumNumbers) {
    const value = rest.pop()
    if (typeof value === 'number') found.add(value)
    else if (typeof value === 'string') for (const number of numbersOfText(value)) found.add(number)
    else if (Array.isArray(value)) rest.push(...value)
    else if (typeof value === 'object' && value !== null) rest.push(...Object.values(value))
  }
  return found
}

function numbersOfText(text: string): number[] {
  const matches = text.slice(0, maximumText).match(/\d[\d_,]{0,20}(?:\.\d{1,20})?/g) ?? []
  return matches.map(numberOf).filter(Number.isFinite)
}

function numberOf(digits: string): number {
  return Number(digits.replaceAll(/[_,]/g, ''))
}

/** Two numbers that say the same, up to the rounding of 1 %. */
export function agree(left: number, right: number): boolean {
  return Math.abs(left - right) <= tolerance * Math.max(Math.abs(left), Math.abs(right))
}

function stands(value: number, known: ReadonlySet<number>): boolean {
  if (known.has(value) || known.has(-value)) return true
  for (const other of known) if (agree(other, value)) return true
  return false
}

/** Parts evidence into what stands in the known numbers (or is no number) and what does not. */
export function partEvidence(
  evidence: readonly Evidence[],
  known: ReadonlySet<number>,
): { readonly standing: Evidence[]; readonly unfounded: Evidence[] } {
  const standing: Evidence[] = []
  const unfounded: Evidence[] = []
  for (const item of evidence) {
    const founded = typeof item.value !== 'number' || stands(item.value, known)
    if (founded) standing.push(item)
    else unfounded.push(item)
  }
  return { standing, unfounded }
}

/**
 * A quantity as a text states it: digits that are not part of a name, a path, a version or a time of
 * day, and the word behind them.
 */
const quantity =
  /(?<![\w.,:/@#$-])(\d[\d,_]{0,20}(?:\.\d{1,20})?)(?![\d,_.]*\d)(?![:/@_-]\w)(?:\s?(%|[a-zµ]{1,12}\b))?/gi

/** Sizes of units: those that a text may use, and those in which things are measured. */
const families: readonly {
  readonly stated: Readonly<Record<string, readonly number[]>>
  readonly measured: readonly number[]
}[] = [
  {
    stated: {
      ns: [1],
      'us µs': [1e3],
      ms: [1e6],
      's sec secs second seconds': [1e9],
      'min minute minutes': [6e10],
      'h hour hours': [3.6e12],
    },
    measured: [1, 1e3, 1e6, 1e9],
  },
  {
    stated: {
      'b byte bytes': [1],
      'kb kib': [1e3, 2 ** 10],
      'mb mib': [1e6, 2 ** 20],
      'gb gib': [1e9, 2 ** 30],
    },
    measured: [1, 1e3, 2 ** 10, 1e6, 2 ** 20, 1e9, 2 ** 30],
  },
  { stated: { '% percent': [1] }, measured: [1, 100] },
]

/** By unit: how many times the stated number the measured one may be. */
const scalesOf: ReadonlyMap<string, readonly number[]> = new Map(
  families.flatMap(({ stated, measured }) =>
    Object.entries(stated).flatMap(([words, sizes]) => {
      const scales = [1, ...sizes.flatMap((size) => measured.map((unit) => size / unit))]
      return words.split(' ').map((word): [string, readonly number[]] => [word, scales])
    }),
  ),
)

/** A number without a unit counts as a measurement from here on; below, it may count things. */
const smallestBareNumber = 100

/**
 * The quantities of a text that stand nowhere in the known numbers, as they are written. A unit may
 * be another one (`4.2 s` for 4210 ms), and the number may be rounded to the digits that are shown.
 *
 * @param lines Lines of a source, which a number without a unit may name.
 */
export function unfoundedQuantities(
  text: string,
  known: ReadonlySet<number>,
  lines: readonly (number | undefined)[] = [],
): string[] {
  const sorted = Float64Array.from(known, Math.abs).sort()
  const unfounded = new Set<string>()
  for (const [whole, digits = '', unit = ''] of text.slice(0, maximumText).matchAll(quantity)) {
    const scales = scalesOf.get(unit.toLowerCase())
    const value = numberOf(digits)
    if (scales === undefined && (value < smallestBareNumber || lines.includes(value))) continue
    if (!isNear(value, digits, scales ?? [1], sorted)) unfounded.add(whole.trim())
  }
  return [...unfounded]
}

function isNear(
  value: number,
  digits: string,
  scales: readonly number[],
  sorted: Float64Array,
): boolean {
  const decimals = digits.split('.')[1]?.length ?? 0
  const slack = Math.max(tolerance * value, 0.5 * 10 ** -decimals)
  return scales.some((scale) =>
    hasBetween(sorted, (value - slack) * scale, (value + slack) * scale),
  )
}

/** Binary search for a member between two bounds. */
function hasBetween(sorted: Float64Array, low: number, high: number): boolean {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((sorted[middle] ?? 0) < low) from = middle + 1
    else to = middle
  }
  const found = sorted[from]
  return found !== undefined && found <= high
}

/** White space folded, so that a quote that was wrapped still counts as the same words. */
export function foldSpace(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
