import { type Control, word } from './control.ts'
import type { Limits } from './limits.ts'
import type { FailureCode } from './outcome.ts'

/**
 * Ends a script. Lua cannot catch it: emscripten's `invoke_*` shims catch only numbers (longjmp),
 * so an Error that is thrown from a hook, the allocator or a callback unwinds every pcall and
 * coroutine. The wasm instance is unusable afterwards and is dropped.
 */
export class ScriptAborted extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string) {
    super(message)
    this.name = 'ScriptAborted'
    this.code = code
  }
}

/** The clock and the cancel flag of one script, looked at from inside its thread. */
export class RunGuard {
  readonly #limits: Limits
  readonly #control: Control
  #luaDeadline = Number.POSITIVE_INFINITY
  #wallDeadline = Number.POSITIVE_INFINITY
  #calls = 0
  #aborted: ScriptAborted | undefined

  constructor(limits: Limits, control: Control) {
    this.#limits = limits
    this.#control = control
  }

  /** Starts the clock. */
  start(): void {
    const now = performance.now()
    this.#luaDeadline = now + this.#limits.cpuMs
    this.#wallDeadline = now + this.#limits.wallMs
  }

  /** @throws {ScriptAborted} Cancelled, out of time, or aborted before. */
  check(): void {
    if (this.#aborted !== undefined) throw this.#aborted
    if (Atomics.load(this.#control.words, word.cancelled) === 1) {
      this.#abort('cancelled', 'the script was cancelled')
    }
    const now = performance.now()
    if (now > this.#luaDeadline) {
      this.#abort('timeout', `the script exceeded its CPU budget of ${this.#limits.cpuMs} ms`)
    }
    if (now > this.#wallDeadline) {
      const limit = this.#limits.wallMs
      this.#abort('timeout', `the script exceeded its wall-clock budget of ${limit} ms`)
    }
  }

  /** Counts a callback call. @throws {ScriptAborted} One too many. */
  countCall(): void {
    this.#calls += 1
    const limit = this.#limits.callbackCalls
    if (this.#calls > limit) this.#abort('callback_limit', `more than ${limit} callback calls`)
  }

  /** How long a callback that starts now may take. */
  callbackMs(): number {
    return Math.max(0, Math.min(this.#limits.callbackMs, this.#wallDeadline - performance.now()))
  }

  /** Runs something whose time is not the script's. */
  outsideLua<T>(work: () => T): T {
    const before = performance.now()
    try {
      return work()
    } finally {
      this.#luaDeadline += performance.now() - before
    }
  }

  #abort(code: FailureCode, message: string): never {
    this.#aborted = new ScriptAborted(code, message)
    throw this.#aborted
  }
}
