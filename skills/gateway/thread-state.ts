import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What the kernel says of main; read from outside, about 0.1 ms, works in every state. */
export interface ThreadState {
  /** R running, S sleeping, D in uninterruptible disk wait. */
  readonly state: string
  /** Time on a CPU, and time runnable but waiting for one, since the thread began. */
  readonly runMs: number
  readonly waitMs: number
  /** Name of the system call it is in, when it is in one. */
  readonly syscall?: string
  /** The file or socket behind its first argument, when that is a descriptor. */
  readonly target?: string
}

/** CPU time of one thread of this process. */
export interface ThreadCpu {
  readonly threadId: number
  readonly name: string
  readonly runMs: number
}

/** From the kernel's syscall tables: https://github.com/torvalds/linux (arch/x86/entry/syscalls). */
const SYSCALLS: Record<string, Record<number, string>> = {
  x64: {
    0: 'read',
    1: 'write',
    7: 'poll',
    17: 'pread64',
    18: 'pwrite64',
    23: 'select',
    35: 'nanosleep',
    61: 'wait4',
    74: 'fsync',
    75: 'fdatasync',
    202: 'futex',
    230: 'clock_nanosleep',
    232: 'epoll_wait',
    247: 'waitid',
    257: 'openat',
    281: 'epoll_pwait',
  },
  arm64: {
    22: 'epoll_pwait',
    56: 'openat',
    63: 'read',
    64: 'write',
    67: 'pread64',
    68: 'pwrite64',
    73: 'ppoll',
    82: 'fsync',
    83: 'fdatasync',
    95: 'waitid',
    98: 'futex',
    101: 'nanosleep',
    115: 'clock_nanosleep',
    260: 'wait4',
  },
}
const TAKES_DESCRIPTOR = ['read', 'write', 'pread64', 'pwrite64', 'fsync', 'fdatasync']

/** Reads main's state; undefined where there is no /proc (not Linux, hidden). */
export function readMainThread(): ThreadState | undefined {
  const folder = `/proc/self/task/${process.pid}`
  try {
    const stat = readFileSync(`${folder}/stat`, 'utf8')
    const state = stat.slice(stat.lastIndexOf(')') + 2).charAt(0)
    const [run = '0', wait = '0'] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ')
    return { state, runMs: Number(run) / 1e6, waitMs: Number(wait) / 1e6, ...readSyscall(folder) }
  } catch {
    return undefined
  }
}

/** Time that the calling thread was on a CPU or waiting for one; undefined without /proc. */
export function readOwnBusyMs(): number | undefined {
  try {
    const [run = '0', wait = '0'] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')
    return (Number(run) + Number(wait)) / 1e6
  } catch {
    return undefined
  }
}

/** CPU time of each thread since it began, main first. */
export function readThreads(): ThreadCpu[] {
  const threads: ThreadCpu[] = []
  try {
    for (const entry of readdirSync('/proc/self/task')) {
      const stat = readFileSync(`/proc/self/task/${entry}/schedstat`, 'utf8')
      const name = readFileSync(`/proc/self/task/${entry}/comm`, 'utf8').trim()
      threads.push({
        threadId: Number(entry),
        name: Number(entry) === process.pid ? 'main' : name,
        runMs: Number(stat.split(' ')[0]) / 1e6,
      })
    }
  } catch {
    return threads
  }
  return threads
}

function readSyscall(folder: string): { syscall?: string; target?: string } {
  try {
    const [number = '', first = ''] = readFileSync(`${folder}/syscall`, 'utf8').trim().split(' ')
    if (!/^\d+$/.test(number)) return {}
    const syscall = SYSCALLS[process.arch]?.[Number(number)] ?? `syscall ${number}`
    if (!TAKES_DESCRIPTOR.includes(syscall)) return { syscall }
    return { syscall, target: readlinkSync(`/proc/self/fd/${Number(first)}`) }
  } catch {
    return {}
  }
}
