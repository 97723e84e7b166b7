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
  named(path: string): NamedNumbers {
    return namedNumbers(this.text(path) ?? '')
  }
}

/** A finite number of at least zero; undefined of anything else, such as `max`. */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(?:\.\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** Numbers of a text, by the name before each. */
export interface NamedNumbers {
  get(name: string): number | undefined
}

/**
 * Lines such as `nr_throttled 12` or `MemAvailable:   1234 kB`; of a name that comes twice the first.
 * Pure. These files are read each other second and have a hundred lines of which two are wanted, so
 * a line is looked at when it is asked for.
 */
export function namedNumbers(text: string): NamedNumbers {
  const lines = `\n${text}`
  return {
    get: (name) => {
      for (
        let at = lines.indexOf(`\n${name}`);
        at !== -1;
        at = lines.indexOf(`\n${name}`, at + 1)
      ) {
        const end = lines.indexOf('\n', at + 1)
        const rest = lines.slice(at + 1 + name.length, end === -1 ? lines.length : end)
        const value = /^:?\s+(\S+)/.exec(rest)?.[1]
        if (value !== undefined) return numberOf(value)
      }
      return undefined
    },
  }
}
