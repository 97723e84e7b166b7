import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What a fixture application did. */
export interface Run {
  readonly code: number | null
  readonly stderr: string
  /** The JSON lines that the gateway's thread wrote. */
  readonly lines: readonly Line[]
  signals(type: string): readonly Signal[]
  answer(asked: string): Line | undefined
}

export interface Place {
  readonly file: string
  readonly line: number
  readonly function: string
}

/** A row of vm_events_stalls. */
export interface Row {
  readonly kind: string
  readonly culprit: Place
  readonly detail: string | null
  readonly reportable: boolean
  readonly observation: string
  readonly explanation: string
  readonly cpuSharePct: number
}

export interface Signal {
  readonly skill?: string
  readonly reason?: string
  readonly type: string
  readonly what?: string
  readonly ongoing: boolean
  readonly durationMs: number
  readonly culprit: Row
  readonly error: { readonly message: string; readonly survives: boolean }
  readonly location: Place
}

export interface Line {
  readonly signal?: Signal
  readonly asked?: string
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
  readonly snapshot?: {
    readonly data: unknown
    readonly via: string
    readonly mainBlockedMs?: number
  }
}

/** Generous: the machine has two cores and other work. */
const LIMIT_MS = 60_000

/** Runs a fixture application in one scenario, to its end. */
export function runApp(
  scenario: string,
  settings: object = {},
  nodeOptions: readonly string[] = [],
  name = 'app',
): Promise<Run> {
  const app = fileURLToPath(
    new URL(`../fixtures/skills/${name}${extname(import.meta.url)}`, import.meta.url),
  )
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...nodeOptions, '--enable-source-maps', app, scenario, JSON.stringify(settings)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: LIMIT_MS,
      },
    )
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => {
      const lines: Line[] = stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
      resolve({
        code,
        stderr,
        lines,
        signals: (type) =>
          lines.flatMap((line) => (line.signal?.type === type ? [line.signal] : [])),
        answer: (asked) => lines.find((line) => line.asked === asked),
      })
    })
  })
}

/** What was raised, and answered then; or that main waited for a CPU longer than it had one. */
export type Raised =
  | { readonly reason: string; readonly rows: readonly Record<string, unknown>[] }
  | 'starved'

/** Runs a fixture application until a skill raises a symptom, and asks it one question then. */
export function symptomAndAnswer(
  name: string,
  scenario: string,
  skills: readonly string[],
  call: string,
  nodeOptions: readonly string[] = [],
): Promise<Raised> {
  const app = fileURLToPath(
    new URL(`../fixtures/skills/${name}${extname(import.meta.url)}`, import.meta.url),
  )
  const settings = { skills, onSymptom: [{ call, input: {}, timeoutMs: 20_000 }] }
  const child = spawn(
    process.execPath,
    [...nodeOptions, '--enable-source-maps', app, scenario, JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return new Promise((resolve, reject) => {
    let reason = ''
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      child.removeAllListeners('close')
      child.kill('SIGKILL')
      settle()
    }
    const timer = setTimeout(() => {
      const error = new Error(`${scenario}: no symptom within ${LIMIT_MS} ms`)
      const isStarved = wasStarved(child.pid)
      end(() => (isStarved ? resolve('starved') : reject(error)))
    }, LIMIT_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said: Line & { readonly value?: readonly Record<string, unknown>[] } = JSON.parse(line)
      if (said.signal?.type === 'symptom') reason ||= said.signal.reason ?? ''
      if (said.asked !== call) return
      const { value, message } = said
      end(() =>
        value === undefined ? reject(new Error(message)) : resolve({ reason, rows: value }),
      )
    })
    child.once('close', (code) => end(() => reject(new Error(`${scenario} ended with ${code}`))))
  })
}

function wasStarved(pid: number | undefined): boolean {
  try {
    const [run, wait] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)
    return (wait ?? 0) > (run ?? 0)
  } catch {
    return false
  }
}

/** Runs a fixture application, asks it at some times, and gives the answers in that order. */
export function answerAfter(
  name: string,
  scenario: string,
  skills: readonly string[],
  later: readonly { readonly call: string; readonly afterMs: number }[],
): Promise<readonly unknown[]> {
  const app = fileURLToPath(
    new URL(`../fixtures/skills/${name}${extname(import.meta.url)}`, import.meta.url),
  )
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', app, scenario, JSON.stringify({ skills, later })],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS },
  )
  return new Promise((resolve, reject) => {
    const answers: unknown[] = []
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said: Line = JSON.parse(line)
      if (said.asked === undefined) return
      if (said.value === undefined) reject(new Error(`${said.asked}: ${said.message}`))
      answers.push(said.value)
      if (answers.length < later.length) return
      resolve(answers)
      child.kill('SIGKILL')
    })
    child.once('close', () => reject(new Error(`${scenario}: ended before it answered`)))
  })
}
