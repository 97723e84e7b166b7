/**
 * Errors that only an application's last handler caught may come many times a second: the first at a
 * place becomes an insight at once; how they go on is for the exception skill to say.
 */
import type { Crash } from './crash-insight.ts'

const cooldownMs = 15 * 60_000
const maxPlaces = 200

/** Tells whether an error was told of a while ago. One that ends the process never was. */
export function repeatedCrashes(): (crash: Crash, now: number) => boolean {
  const told = new Map<string, number>()
  return ({ error, location }, now) => {
    if (!error.survives) return false
    const place =
      location === undefined ? error.message.slice(0, 200) : `${location.file}:${location.function}`
    const key = `${error.name} ${place}`
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < cooldownMs) return true
    told.delete(key)
    told.set(key, now)
    const oldest = told.size > maxPlaces ? told.keys().next().value : undefined
    if (oldest !== undefined) told.delete(oldest)
    return false
  }
}
