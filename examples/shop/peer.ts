import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface PeerOptions {
  readonly args?: readonly string[]
  /** Options of Node itself; those of this process are not handed on. */
  readonly nodeArgs?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** A child process of the demonstration that speaks in messages with a `type`. */
export class Peer<Sent extends { readonly type: string }, Heard extends { readonly type: string }> {
  readonly name: string
  readonly #child: ChildProcess
  readonly #heard: Heard[] = []
  readonly #listeners = new Set<() => void>()
  #ending: string | undefined

  constructor(
    name: string,
    path: string,
    { args = [], nodeArgs = [], env = {} }: PeerOptions = {},
  ) {
    this.name = name
    this.#child = fork(path, [...args], {
      // Never this process's own options: `--import` would load twice, and `-e` would start this
      // very program again, and that one again, without end.
      execArgv: ['--enable-source-maps', ...nodeArgs],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message) => {
      this.#heard.push(message as Heard)
      this.#wake()
    })
    this.#child.once('error', (error) => this.#end(error.message))
    this.#child.once('exit', (code, signal) => this.#end(`exit ${signal ?? code}`))
  }

  get isAlive(): boolean {
    return this.#ending === undefined
  }

  /** How it ended; nothing while it lives. */
  get ending(): string | undefined {
    return this.#ending
  }

  tell(message: Sent): void {
    if (this.#child.connected) this.#child.send(message)
  }

  /**
   * The next message of this type, also one that has come already.
   *
   * @throws {Error} It says `failed`, it ends, or the time is over.
   */
  async hear<Type extends Heard['type']>(
    type: Type,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Extract<Heard, { readonly type: Type }>> {
    const timeout = AbortSignal.timeout(timeoutMs)
    for (;;) {
      signal.throwIfAborted()
      const found = this.#take(type)
      if (found !== undefined) return found
      if (this.#ending !== undefined) throw new Error(`the ${this.name} has ended: ${this.#ending}`)
      if (timeout.aborted) {
        throw new Error(`the ${this.name} did not say '${type}' within ${timeoutMs} ms`)
      }
      await this.#change(AbortSignal.any([timeout, signal]))
    }
  }

  /** Asks it to go by `farewell`, waits, and kills it when it does not. */
  async end(farewell: Sent | undefined, graceMs: number): Promise<boolean> {
    if (!this.isAlive) return true
    if (farewell === undefined) this.#child.disconnect()
    else this.tell(farewell)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await once(this.#child, 'exit')
    clearTimeout(timer)
    return this.#child.signalCode !== 'SIGKILL'
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #take<Type extends Heard['type']>(
    type: Type,
  ): Extract<Heard, { readonly type: Type }> | undefined {
    const isIt = (message: Heard): message is Extract<Heard, { readonly type: Type }> =>
      message.type === type
    const failure = this.#heard.find((message) => message.type === 'failed')
    if (failure !== undefined) {
      this.#heard.splice(this.#heard.indexOf(failure), 1)
      const why = 'message' in failure ? String(failure.message) : 'it says no more'
      throw new Error(`the ${this.name} failed: ${why}`)
    }
    const found = this.#heard.find(isIt)
    if (found !== undefined) this.#heard.splice(this.#heard.indexOf(found), 1)
    return found
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#listeners.add(done)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  #end(how: string): void {
    this.#ending ??= how
    this.#wake()
  }

  #wake(): void {
    for (const listener of this.#listeners) listener()
  }
}
