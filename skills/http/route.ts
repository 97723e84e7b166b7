/** Longest path that is kept. */
const MAX_CHARACTERS = 120

/** Paths of late with their routes: many applications have few. */
const known = new Map<string, string>()
const MAX_KNOWN = 300

/**
 * A path without what identifies a single thing: segments with digits become `:id`, version
 * segments (`v2`) stay, the query goes.
 */
export function routeOf(url: string): string {
  const before = known.get(url)
  if (before !== undefined) return before
  const route = shorten(url)
  if (url.length < 200) {
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(url, route)
  }
  return route
}

function shorten(url: string): string {
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
