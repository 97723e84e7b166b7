/** Plain JSON. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Bounds of what is copied. Beyond them the copy says so. */
export interface JsonLimits {
  /** Characters of keys, strings and numbers together. */
  readonly maxCharacters: number
  /** Nesting. */
  readonly maxDepth: number
}

/** The copy; `truncated` if something had to be left out. */
export interface JsonCopy {
  readonly json: Json
  readonly truncated: boolean
}

const CUT = '[cut]'

/**
 * Copies any value to plain JSON within bounds; never throws.
 *
 * What JSON cannot say becomes text (`bigint`, `Error`, functions), `null` (`undefined` in a list,
 * `NaN`) or is left out (`undefined` in an object). Cycles, and what lies beyond the bounds, become
 * `'[cut]'`.
 */
export function toJson(value: unknown, limits: JsonLimits): JsonCopy {
  const copier = {
    ...limits,
    left: limits.maxCharacters,
    truncated: false,
    open: new Set<object>(),
  }
  const json = copy(value, copier) ?? null
  return { json, truncated: copier.truncated }
}

interface Copier extends JsonLimits {
  left: number
  truncated: boolean
  readonly open: Set<object>
}

function copy(value: unknown, copier: Copier): Json | undefined {
  switch (typeof value) {
    case 'string':
      return copyString(value, copier)
    case 'number':
      copier.left -= 8
      return Number.isFinite(value) ? value : null
    case 'boolean':
      copier.left -= 5
      return value
    case 'undefined':
      return undefined
    case 'object':
      return value === null ? null : copyObject(value, copier)
    case 'bigint':
    case 'symbol':
      return copyString(String(value), copier)
    case 'function':
      return '[function]'
    default:
      return null
  }
}

function copyString(text: string, copier: Copier): string {
  const room = Math.max(0, copier.left)
  copier.left -= text.length + 2
  if (text.length <= room) return text
  copier.truncated = true
  return `${text.slice(0, room)}…${CUT}`
}

function copyObject(value: object, copier: Copier): Json | undefined {
  if (copier.open.has(value) || copier.open.size >= copier.maxDepth || copier.left <= 0) {
    copier.truncated = true
    return CUT
  }
  copier.open.add(value)
  try {
    return copyOpened(value, copier)
  } catch {
    copier.truncated = true
    return CUT // a getter or proxy that throws
  } finally {
    copier.open.delete(value)
  }
}

function copyOpened(value: object, copier: Copier): Json | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), copier)
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    const standard = Object.entries({ name, message, stack, cause })
    return copyEntries([...standard, ...Object.entries(value)], copier)
  }
  if (value instanceof Map || value instanceof Set) return copyList([...value], copier)
  if (Array.isArray(value)) return copyList(value, copier)
  return copyEntries(Object.entries(value), copier)
}

function copyList(list: readonly unknown[], copier: Copier): Json {
  const result: Json[] = []
  for (const item of list) {
    if (copier.left <= 0) {
      copier.truncated = true
      result.push(CUT)
      break
    }
    copier.left -= 1
    result.push(copy(item, copier) ?? null)
  }
  return result
}

function copyEntries(entries: readonly (readonly [string, unknown])[], copier: Copier): Json {
  const result: [string, Json][] = []
  for (const [key, item] of entries) {
    if (copier.left <= 0) {
      copier.truncated = true
      break
    }
    const json = copy(item, copier)
    if (json === undefined) continue
    result.push([copyString(key, copier), json])
  }
  return Object.fromEntries(result)
}
