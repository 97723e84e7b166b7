import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a program has after SIGTERM. */
const patienceMs = 2_500

export interface ProgramOptions {
  readonly name: string
  readonly folder: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Standard output: handed over line by line, or written to a file. */
  readonly output: ((line: string) => void) | string
  /** Standard error goes to this file. */
  readonly errors: string
}

/** How a program ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** Epoch milliseconds. */
  readonly at: number
}

/** A Node program as a process of its own. Nothing of nodelens's own settings is inherited. */
export class Program {
  readonly name: string
  readonly ended: Promise<Exit>
  readonly #child: ChildProcess
  #exit: Exit | undefined

  constructor(options: ProgramOptions) {
    this.name = options.name
    const errors = openSync(options.errors, 'a')
    const output = typeof options.output === 'string' ? openSync(options.output, 'a') : 'pipe'
    this.#child = spawn(process.execPath, options.arguments, {
      cwd: options.folder,
      env: { ...inheritedEnvironment(), ...options.environment },
      stdio: ['ignore', output, errors],
    })
    closeSync(errors)
    if (typeof output === 'number') closeSync(output)
    if (typeof options.output !== 'string' && this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', options.output)
    }
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.#exit ??= { code, signal, at: Date.now() }
        resolve(this.#exit)
      }
      this.#child.once('exit', end)
      this.#child.once('error', () => end(-1, null))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, if it has. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  /** Its end, or nothing when the time is over. */
  async endWithin(ms: number): Promise<Exit | undefined> {
    const stop = new AbortController()
    const late = delay(ms, undefined, { signal: stop.signal }).catch(() => undefined)
    try {
      return await Promise.race([this.ended, late])
    } finally {
      stop.abort()
    }
  }

  /** SIGTERM, and SIGKILL to one that does not go. */
  async stop(): Promise<void> {
    if (this.#exit !== undefined) return
    this.#child.kill('SIGTERM')
    if ((await this.endWithin(patienceMs)) !== undefined) return
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

function inheritedEnvironment(): NodeJS.ProcessEnv {
  const isOurs = (name: string): boolean => /^(NODELENS_|NODE_OPTIONS$|NODE_TEST_)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)))
}
