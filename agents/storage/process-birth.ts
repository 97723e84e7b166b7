/** Whether the process that wrote a journal is still there. Process ids are used again. */
import { readFileSync } from 'node:fs'

/** One life of nodelens in one process, as it stands in the file. */
export interface Session {
  readonly id: string
  readonly pid: number
  readonly host: string
  /** What tells this process from another with the same id; absent where the system does not say. */
  readonly birth?: string
  /** When it last wrote that it is there, epoch milliseconds. */
  readonly seenAt: number
}

/** A living process writes so often that it is there, milliseconds. */
export const sightingMs = 60_000
/** A process on another host is given up after this long without a sign of it. */
const silentMs = 3 * sightingMs

/** Tells processes with the same id apart: boot of the machine and start of the process (Linux). */
export function birthOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted behind the name, which may hold spaces: proc(5).
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return started === undefined ? undefined : `${boot}:${started}`
  } catch {
    return undefined
  }
}

/** What is asked about processes; handed in by tests. */
export interface Processes {
  isAlive(pid: number): boolean
  birthOf(pid: number): string | undefined
}

export const systemProcesses: Processes = {
  isAlive(pid) {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // It is there and belongs to somebody else.
      return error instanceof Error && 'code' in error && error.code === 'EPERM'
    }
  },
  birthOf,
}

/** The process of `other` is gone, as seen by the process of `own` at a time. */
export function isGone(
  other: Session,
  own: Omit<Session, 'seenAt'>,
  now: number,
  processes: Processes = systemProcesses,
): boolean {
  if (other.host !== own.host) return now - other.seenAt > silentMs
  // One nodelens runs in a process at a time: with our pid it is one that was here before.
  if (other.pid === own.pid || !processes.isAlive(other.pid)) return true
  const birth = processes.birthOf(other.pid)
  return other.birth !== undefined && birth !== undefined && other.birth !== birth
}
