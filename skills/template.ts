import { atPath, type Json } from './json.ts'

const PLACEHOLDER = /\{([A-Za-z_][\w.]*)\}/g
const MAX_VALUE_CHARACTERS = 400

/**
 * Fills `{dot.path}` with values: first from `extra` by its first word, then from the row.
 *
 * Numbers are rounded to two decimals, absent values become `?`, structures JSON; a value never
 * holds a placeholder of its own (it is inserted once, not rendered again) and is cut at 400 characters.
 */
export function renderTemplate(
  template: string,
  row: Json,
  extra: { readonly [name: string]: Json } = {},
): string {
  return template.replace(PLACEHOLDER, (_match, path: string) => {
    const [first = ''] = path.split('.')
    return asText(Object.hasOwn(extra, first) ? atPath(extra, path) : atPath(row, path))
  })
}

function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return '?'
  if (typeof value === 'number') return String(Math.round(value * 100) / 100)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text
}
