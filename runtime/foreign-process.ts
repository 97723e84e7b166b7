import type { ChildProcess, Serializable } from 'node:child_process'
import { type ExitReason, errorReason, NORMAL } from './exit-reason.ts'
import {
  defineForeign,
  type Foreign,
  type ForeignDefinition,
  type ForeignIdentity,
  whenMessage,
} from './foreign.ts'
import { checkKeys } from './options.ts'
import type { Placement } from './placement.ts'

export interface ForeignProcessSpec<Args> {
  /** The definition's name in its module, and its registered name by default. */
  readonly name: string
  /** Makes the process; runs at every start and restart, in the thread of the placement. */
  readonly start: (args: Args) => ChildProcess
  /**
   * When it can work: as soon as it runs (`spawn`, the default), at its first message (of `fork`),
   * at the first message of which the function says so, or when its stdout matches.
   */
  readonly ready?:
    | 'spawn'
    | 'message'
    | ((message: unknown) => boolean)
    | { readonly stdout: RegExp }
  /** Milliseconds to get ready in; then the start has failed. Default 30000. */
  readonly readyMs?: number
  /** Sent to ask it to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Sent instead of a signal, to a process made by `fork`. */
  readonly stopMessage?: unknown
  /**
   * Keeps the last 4000 characters of its stderr (which must be piped) for its exit reason; an end
   * that says there that V8's heap was full is `out_of_memory`. Default false.
   */
  readonly readsStderr?: boolean
  /** Gets every message of the process, and acts as the actor that stands for it. */
  readonly onMessage?: (message: unknown, process: ChildProcess) => void
  /** Where `child` puts it. Default `'caller'`: the thread that started the runtime. */
  readonly placement?: Placement
}

const KEYS = [
  'name',
  'start',
  'ready',
  'readyMs',
  'stopSignal',
  'stopMessage',
  'readsStderr',
  'onMessage',
  'placement',
]
const STDERR_CHARACTERS = 4000
/** A line that a ready condition looks for is not longer. */
const LINE_CHARACTERS = 64_000
const HEAP_FULL = /JavaScript heap out of memory/

/**
 * Defines a child process as a child: `child(encoder, { args, shutdown: 2000 })`.
 *
 * What is sent to its pid is sent to a process made by `fork`. It ends with `normal` for exit code
 * 0, `{ type: 'process_exit', code, signal, stderr }`, the error of a start that failed (`ENOENT`),
 * or `out_of_memory`. It is asked to end by `stopSignal` or `stopMessage`; after the child's
 * `shutdown` time it gets SIGKILL. Export the definition, see `foreignWorker`.
 *
 * @param meta The module's own `import.meta`.
 */
export function foreignProcess<Args = undefined>(
  meta: { readonly url: string },
  spec: ForeignProcessSpec<Args>,
): ForeignDefinition<Args> {
  checkKeys('foreignProcess', spec, KEYS)
  const { name, readyMs, placement } = spec
  return defineForeign(meta, {
    name,
    readyMs,
    placement,
    open: (args, deliver) => new ProcessChild(spec, spec.start(args), deliver),
  })
}

class ProcessChild implements Foreign {
  readonly ready: Promise<void>
  readonly exited: Promise<ExitReason>
  readonly #spec: ForeignProcessSpec<never>
  readonly #child: ChildProcess

  constructor(
    spec: ForeignProcessSpec<never>,
    child: ChildProcess,
    deliver: (message: unknown) => void,
  ) {
    const { ready = 'spawn', readsStderr = false, onMessage } = spec
    this.#spec = spec
    this.#child = child
    this.ready = readyOf(child, ready)
    this.exited = exitOf(child, readsStderr ? tailOf(child) : () => undefined)
    if (onMessage) child.on('message', deliver)
  }

  get identity(): ForeignIdentity {
    return { type: 'process', id: this.#child.pid ?? 0 }
  }

  handle(message: unknown): void {
    this.#spec.onMessage?.(message, this.#child)
  }

  /** @throws {TypeError} It was not made by `fork`, or no such message can be sent. */
  post(message: unknown): void {
    const child = this.#child
    if (!child.connected || !isSerializable(message)) {
      throw new TypeError(
        `'${this.#spec.name}' cannot take this message: only a process that fork() made takes any, while it is connected, and no functions or symbols.`,
      )
    }
    child.send(message, () => {})
  }

  askToEnd(): void {
    const { stopMessage, stopSignal = 'SIGTERM' } = this.#spec
    if (stopMessage !== undefined && this.#child.connected) this.post(stopMessage)
    else this.#child.kill(stopSignal)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function isSerializable(message: unknown): message is Serializable {
  return (
    ['string', 'number', 'boolean', 'bigint'].includes(typeof message) ||
    (typeof message === 'object' && message !== null)
  )
}

function readyOf(
  child: ChildProcess,
  ready: NonNullable<ForeignProcessSpec<never>['ready']>,
): Promise<void> {
  return new Promise((resolve) => {
    if (ready === 'spawn') return void child.once('spawn', resolve)
    if (typeof ready === 'object') return whenMatches(child, ready.stdout, resolve)
    whenMessage(child, ready, resolve)
  })
}

/** Its stdout goes on flowing afterwards, so that it is never held up by a full pipe. */
function whenMatches(child: ChildProcess, pattern: RegExp, found: () => void): void {
  const { stdout } = child
  if (!stdout) {
    throw new TypeError("ready: { stdout } needs a process whose stdout is 'pipe'.")
  }
  let text = ''
  const look = (chunk: unknown): void => {
    text = `${text}${String(chunk)}`.slice(-LINE_CHARACTERS)
    if (text.search(pattern) < 0) return
    stdout.off('data', look)
    stdout.resume()
    found()
  }
  stdout.on('data', look)
}

function tailOf(child: ChildProcess): () => string | undefined {
  let tail = ''
  child.stderr?.on('data', (chunk: unknown) => {
    tail = `${tail}${String(chunk)}`.slice(-STDERR_CHARACTERS)
  })
  return () => (tail === '' ? undefined : tail)
}

/** `close` comes after the last of stderr was read; a start that failed has an `error` only. */
function exitOf(child: ChildProcess, tail: () => string | undefined): Promise<ExitReason> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(errorReason(error))
    })
    child.once('close', (code, signal) => {
      const stderr = tail()
      if (stderr !== undefined && HEAP_FULL.test(stderr)) resolve({ type: 'out_of_memory', stderr })
      else if (code === 0) resolve(NORMAL)
      else resolve({ type: 'process_exit', code, signal, ...(stderr ? { stderr } : {}) })
    })
  })
}
