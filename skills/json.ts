/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | JsonRecord

/** A JSON object. */
export interface JsonRecord {
  readonly [key: string]: Json
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isJsonRecord(value: Json | undefined): value is JsonRecord {
  return isRecord(value)
}

/** Text, or what stands for it: unknown values never become '[object Object]'. */
export function textOf(value: unknown, otherwise = '?'): string {
  return typeof value === 'string' ? value : otherwise
}

/** A finite number at a path, or null. */
export function numberAt(value: Json | undefined, path: string): number | null {
  const found = atPath(value, path)
  return typeof found === 'number' && Number.isFinite(found) ? found : null
}

/** Parses text of which only the shape is unknown: what JSON.parse returns is JSON by construction. */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text)
  return value
}

/** The value at a dot path (`'culprit.line'`, `'cpu.0.name'`), or undefined. Own properties only. */
export function atPath(value: Json | undefined, path: string): Json | undefined {
  let current = value
  for (const key of path.split('.')) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      return undefined
    }
    current = Array.isArray(current)
      ? current[Number(key)]
      : isJsonRecord(current)
        ? current[key]
        : undefined
  }
  return current
}
