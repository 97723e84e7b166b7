import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Descriptors looked at most: 35 microseconds each. */
const MAX_LOOKED = 4000

/** What each open descriptor of the process points to; read from outside main. */
export function readTargets(): string[] {
  const targets: string[] = []
  try {
    for (const entry of readdirSync('/proc/self/fd').slice(0, MAX_LOOKED)) {
      try {
        targets.push(readlinkSync(`/proc/self/fd/${entry}`))
      } catch {
        // It was closed meanwhile.
      }
    }
  } catch {
    return targets
  }
  return targets
}

/** Counts by what they are: a path for files, `socket`, `pipe`, or what the kernel calls it. */
export function countTargets(targets: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const target of targets) {
    const name = target.startsWith('/')
      ? target.replace(/ \(deleted\)$/, '')
      : target.replace(/:\[?\d*\]?$/, '')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/** How many descriptors the process may have open; 0: unknown. */
export function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return Number(line?.[1] ?? 0)
  } catch {
    return 0
  }
}
