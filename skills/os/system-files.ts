import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reads /proc and /sys, below another folder in tests. What is absent or unreadable is undefined. */
export class SystemFiles {
  readonly #root: string

  constructor(root = '/') {
    this.#root = root
  }

  text(path: string): string | undefined {
    try {
      return readFileSync(join(this.#root, path), 'utf8')
    } catch {
      return undefined
    }
  }

  /** The file's only number. */
  number(path: string): number | undefined {
    return numberOf(this.text(path)?.trim())
  }

  /** The number behind a name, of files with a name and a number in each line. */
  named(path: string): ReadonlyMap<string, number> {
    return namedNumbers(this.text(path) ?? '')
  }
}

/** A finite number of at least zero; undefined of anything else, such as `max`. */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(?:\.\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** Lines such as `nr_throttled 12` or `MemAvailable:   1234 kB`. Pure. */
export function namedNumbers(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [name = '', value] = line.trim().split(/:?\s+/)
    const number = numberOf(value)
    if (name !== '' && number !== undefined) found.set(name, number)
  }
  return found
}
