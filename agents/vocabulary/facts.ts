/** Facts a machine can look up: does this number stand in what was measured, is this text a quote? */
import type { Evidence } from './fields.ts'
import type { Json } from './json.ts'

/** Numbers looked at in one body of data at most; beyond it a number counts as not found. */
const maximumNumbers = 50_000

/** Numbers that agree to 1 %, the precision to which people and models round. */
const tolerance = 0.01

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
  const matches = text.slice(0, 20_000).match(/\d[\d_,]{0,20}(?:\.\d{1,20})?/g) ?? []
  return matches.map((match) => Number(match.replaceAll(/[_,]/g, ''))).filter(Number.isFinite)
}

/** Tells whether a number stands among the known ones, up to the rounding of 1 %. */
function stands(value: number, known: ReadonlySet<number>): boolean {
  if (known.has(value) || known.has(-value)) return true
  for (const other of known) {
    if (Math.abs(other - value) <= tolerance * Math.max(Math.abs(other), Math.abs(value)))
      return true
  }
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

/** White space folded, so that a quote that was wrapped still counts as the same words. */
export function foldSpace(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
