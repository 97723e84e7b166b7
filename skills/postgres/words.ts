/** Numbers and texts in sentences. */

/** A finding in words; each text stays below the 400 characters that a template takes. */
export interface Words {
  readonly observation: string
  readonly explanation: string
  readonly remedy: string
}

export function ms(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 1000)} s`
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  return value >= 10 || value === 0 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`
}

export function rate(perSecond: number): string {
  return perSecond >= 10 ? `${Math.round(perSecond)} calls/s` : `${perSecond.toFixed(1)} calls/s`
}

export function count(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} million` : String(Math.round(value))
}

export function quote(text: string, most: number): string {
  return `\`${text.length > most ? `${text.slice(0, most)}…` : text}\``
}
