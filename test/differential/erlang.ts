/** Real OTP: an Erlang node that runs programs, one JSON line in, one JSON line out. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../support/project.ts'
import type { Program } from './program.ts'

const SOURCES = join(projectRoot, 'test', 'differential', 'erlang')
/** Longest time for one program, milliseconds. */
const PATIENCE_MS = 30_000

/** The version of OTP that is installed, such as `25.2.3`; `undefined` if there is none. */
export function otpVersion(): string | undefined {
  const question =
    'F = filename:join([code:root_dir(), "releases", erlang:system_info(otp_release), "OTP_VERSION"]),' +
    '{ok, V} = file:read_file(F), io:put_chars(V), halt().'
  const { status, stdout } = spawnSync('erl', ['-noshell', '-eval', question], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  return status === 0 ? stdout.trim() : undefined
}

interface Waiting {
  readonly resolve: (outcome: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** One long-lived node; programs run in the order asked. */
export class Erlang {
  readonly #folder: string
  readonly #node: ChildProcess
  readonly #waiting: Waiting[] = []
  readonly #ended: Promise<void>

  private constructor(folder: string, node: ChildProcess) {
    this.#folder = folder
    this.#node = node
    this.#ended = new Promise((resolve) => node.once('close', () => resolve()))
    node.once('close', (code) => this.#fail(new Error(`The Erlang node ended with ${code}.`)))
    if (node.stdout) createInterface(node.stdout).on('line', (line) => this.#answer(line))
  }

  /** Compiles the Erlang side into a temporary folder and starts the node. */
  static start(): Erlang {
    const folder = mkdtempSync(join(tmpdir(), 'nodelens-differential-'))
    const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.erl'))
    execFileSync('erlc', ['-o', folder, ...sources.map((name) => join(SOURCES, name))])
    const flags = ['-noinput', '+S', '1:1', '-pa', folder, '-eval', 'diff_main:start().']
    return new Erlang(folder, spawn('erl', flags, { stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  run(program: Program): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#node.kill('SIGKILL')
      }, PATIENCE_MS)
      this.#waiting.push({ resolve, reject, timer })
      this.#node.stdin?.write(`${JSON.stringify(program)}\n`)
    })
  }

  /** Ends the node and removes what was compiled. */
  async stop(): Promise<void> {
    this.#node.stdin?.end()
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #answer(line: string): void {
    const first = this.#waiting.shift()
    if (!first) return
    clearTimeout(first.timer)
    first.resolve(JSON.parse(line))
  }

  #fail(error: Error): void {
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(error)
    }
  }
}
