/** Longest path that is kept. */
const MAX_CHARACTERS = 120

/** Keys of late by verb and path: many applications have few, and a known one costs one hash of its path. */
const known = new Map<string, Map<string, string>>()
const MAX_KNOWN = 300
const MAX_VERBS = 20

/** What a request is counted by: `GET /orders/:id`. */
export function routeKey(verb: string, url: string): string {
  const before = known.get(verb)?.get(url)
  if (before !== undefined) return before
  const key = `${verb} ${routeOf(url)}`
  if (url.length < 200) remember(verb, url, key)
  return key
}

function remember(verb: string, url: string, key: string): void {
  if (known.size > MAX_VERBS) known.clear()
  let keys = known.get(verb)
  if (keys === undefined || keys.size >= MAX_KNOWN) {
    keys = new Map()
    known.set(verb, keys)
  }
  keys.set(url, key)
}

/**
 * A path without what identifies a single thing: segments with digits become `:id`, version
 * segments (`v2`) stay, the query goes.
 */
export function routeOf(url: string): string {
  const end = url.search(/[?#]/)
  const path = (end === -1 ? url : url.slice(0, end)).slice(0, 400)
  if (!/\d|[^/]{41}/.test(path)) return path.slice(0, MAX_CHARACTERS) || '/'
  return path
    .split('/')
    .map((segment) => (isIdentifier(segment) ? ':id' : segment))
    .join('/')
    .slice(0, MAX_CHARACTERS)
}

function isIdentifier(segment: string): boolean {
  if (segment.length > 40) return true
  return /\d/.test(segment) && !/^v\d{1,2}$/.test(segment)
}
