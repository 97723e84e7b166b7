import { readdirSync, readFileSync } from 'node:fs'
import type { Program } from './program.ts'

const everyMs = 500
const pageBytes = 4096
/** USER_HZ: hundredths of a second on every architecture of Node for Linux. */
const msPerTick = 10

/** A process as the kernel sees it from outside. */
export interface Usage {
  /** Epoch milliseconds. */
  readonly at: number
  readonly rssMb: number
  readonly cpuMs: number
  readonly threads: number
  readonly descriptors: number
}

/** Reads the usage of a program until it is asked for; nothing where there is no `/proc`. */
export function watchUsage(program: Program): { readonly end: () => readonly Usage[] } {
  const readings: Usage[] = []
  const timer = setInterval(() => {
    const usage = program.pid === undefined ? undefined : readUsage(program.pid)
    if (usage !== undefined) readings.push(usage)
  }, everyMs)
  return {
    end: () => {
      clearInterval(timer)
      return readings
    },
  }
}

/** @returns Nothing when there is no such process any more. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = line
      .slice(line.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13)
    return {
      at: Date.now(),
      rssMb: Math.round(((fields[21] ?? 0) * pageBytes) / 2 ** 20),
      cpuMs: (userTicks + systemTicks) * msPerTick,
      threads: fields[17] ?? 0,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    }
  } catch {
    return undefined
  }
}
