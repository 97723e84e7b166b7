import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Ends every process of the group at once. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/**
 * Waits until the group is empty: helpers of a process that has ended may still be on their way.
 *
 * @returns The names of those who are there when the time is over; none if it became empty.
 */
export async function waitForEmptyGroup(
  group: number,
  graceMs: number,
): Promise<readonly string[]> {
  const deadline = performance.now() + graceMs
  for (;;) {
    const living = membersOf(group)
    if (living.length === 0 || performance.now() >= deadline) return living
    await delay(20)
  }
}

function membersOf(group: number): readonly string[] {
  if (process.platform !== 'linux') return isThere(group) ? ['a process'] : []
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? memberName(name, group) : []))
}

/** Its name if it belongs to the group and lives; the dead that nobody has reaped do not count. */
function memberName(id: string, group: number): readonly string[] {
  try {
    const match = /^\d+ \((?<name>.*)\) (?<state>\S) \d+ (?<group>\d+) /s.exec(
      readFileSync(`/proc/${id}/stat`, 'utf8'),
    )
    const { name = '', state = '', group: own = '' } = match?.groups ?? {}
    return Number(own) === group && state !== 'Z' && state !== 'X' ? [name] : []
  } catch {
    return [] // it ended between the listing and the look
  }
}

function isThere(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}
