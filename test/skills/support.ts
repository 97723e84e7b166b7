import { spawn } from 'node:child_process'
import { extname } from 'node:path'
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
