import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** Runs a program of its own to its end; kills it, and fails, when it takes too long. */
export function runProgram(
  args: readonly string[],
  { env = {}, timeoutMs = 60_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Ended> {
  const startedAt = Date.now()
  const child = spawn(process.execPath, args, {
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(
        new Error(
          `${args.join(' ')} did not end in ${timeoutMs} ms\n${output.stdout}\n${output.stderr}`,
        ),
      )
    }, timeoutMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...output, tookMs: Date.now() - startedAt })
    })
  })
}

/** Nothing of the test runner or of a developer's shell reaches the program. */
function bareEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG']
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** The JSON lines of some output. */
export function linesOf<Line>(output: string): Line[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Line => JSON.parse(line))
}

/** The path of a module beside the asking one, with its extension: tests run from sources too. */
export function modulePath(meta: { readonly url: string }, name: string): string {
  const extension = meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(name + extension, meta.url))
}
