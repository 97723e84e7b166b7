import type { Session } from 'node:inspector'
import { epochMs } from '../probe/clock.ts'
import { SIGNAL_EXIT, WORD } from '../probe/layout.ts'
import { type EvaluateOptions, evaluateBy, type Inspectable, tookAnEnd } from './inspectable.ts'
import { PauseBudget } from './pause-budget.ts'

/** Thrown when main cannot be reached by the inspector now. */
export class InspectorUnavailable extends Error {
  readonly why: 'budget' | 'timeout' | 'closed' | 'unsupported'
  constructor(why: InspectorUnavailable['why'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.why = why
  }
}

/** How long the session stays open without use: connecting costs main 0.05 ms. */
const LINGER_MS = 1000
/** Longer than any bounded function of main may take. */
const BOUNDED_WAIT_MS = 1000

/**
 * The one inspector session to main: lazy, budgeted, closed when idle.
 *
 * The shared word `inspector` is 1 while it is open, so that main knows whether it must wait at
 * exit; a main that is exiting already is never connected to.
 */
export class Inspector implements Inspectable {
  readonly #words: Int32Array
  readonly #budget: PauseBudget
  readonly #onRefused: (spentMs: number) => void
  #session: Session | undefined
  #linger: NodeJS.Timeout | undefined
  #pending = 0
  #closed = false

  constructor(
    words: Int32Array,
    mainPauseMsPerMinute: number,
    onRefused: (spentMs: number) => void,
  ) {
    this.#words = words
    this.#budget = new PauseBudget(mainPauseMsPerMinute)
    this.#onRefused = onRefused
  }

  /** Main is running a function of ours under a deadline, and will answer soon. */
  get isMainBounded(): boolean {
    return Atomics.load(this.#words, WORD.bounded) === 1
  }

  /** Main-pause spent in the last minute. */
  get spentMs(): number {
    return this.#budget.spentMs(epochMs())
  }

  /**
   * Evaluates in main, also in the middle of a running loop, and returns the value by copy.
   *
   * @throws {InspectorUnavailable} Budget spent, no answer in time, session closed, not supported.
   * @throws {Error} The expression threw.
   */
  async evaluate(expression: string, options: EvaluateOptions): Promise<unknown> {
    return evaluateBy(this, expression, options)
  }

  /** One protocol call, charged and bounded. */
  async post(method: string, parameters: object, options: EvaluateOptions): Promise<unknown> {
    await this.#outsideBounded()
    const session = await this.#open(options.chargeMs ?? 0)
    const askedAt = epochMs()
    this.#pending += 1
    try {
      return await withTimeout(sendGently(session, method, parameters), options.timeoutMs)
    } finally {
      this.#pending -= 1
      this.#budget.spend(options.chargeMs ?? epochMs() - askedAt, epochMs())
      this.#scheduleClose()
    }
  }

  /** Runs `use` with events of one protocol method; the listener is removed afterwards. */
  async listen<Value>(
    event: string,
    onEvent: (parameters: unknown) => void,
    use: () => Promise<Value>,
  ): Promise<Value> {
    const session = await this.#open(0)
    const listener = (message: { params?: unknown }): void => onEvent(message.params)
    session.on(event, listener)
    try {
      return await use()
    } finally {
      session.off(event, listener)
    }
  }

  /** Keeps the session open while `use` runs, also while it posts nothing: a recording ends with its session. */
  async hold<Value>(use: () => Promise<Value>): Promise<Value> {
    this.#pending += 1
    try {
      return await use()
    } finally {
      this.#pending -= 1
      this.#scheduleClose()
    }
  }

  /** Closes for good; calls that are under way are rejected. */
  close(): void {
    this.#closed = true
    this.#disconnect()
  }

  /** See runBounded: an evaluation must not be under way when its deadline comes. */
  async #outsideBounded(): Promise<void> {
    const until = epochMs() + BOUNDED_WAIT_MS
    while (this.isMainBounded && epochMs() < until) {
      await new Promise((resolve) => {
        setTimeout(resolve, 10)
      })
    }
  }

  async #open(chargeMs: number): Promise<Session> {
    if (!this.#budget.allows(chargeMs, epochMs())) {
      const spent = this.spentMs
      this.#onRefused(spent)
      throw new InspectorUnavailable(
        'budget',
        `main-pause budget of this minute is spent (${Math.round(spent)} ms)`,
      )
    }
    const { Session } = await import('node:inspector').catch((error: unknown) => {
      throw new InspectorUnavailable('unsupported', 'this Node has no inspector', { cause: error })
    })
    if (this.#closed) throw isEnding()
    this.#session ??= connect(new Session(), this.#words)
    return this.#session
  }

  #scheduleClose(): void {
    clearTimeout(this.#linger)
    if (this.#session === undefined) return
    this.#linger = setTimeout(() => {
      if (this.#pending === 0) this.#disconnect()
    }, LINGER_MS)
  }

  #disconnect(): void {
    clearTimeout(this.#linger)
    this.#session?.disconnect()
    this.#session = undefined
    Atomics.store(this.#words, WORD.inspector, 0)
  }
}

/**
 * Says that it connects before it looks whether main is exiting; main does the two in the other
 * order, so one of them sees the other.
 */
function connect(session: Session, words: Int32Array): Session {
  Atomics.store(words, WORD.inspector, 1)
  if ((Atomics.load(words, WORD.signal) & SIGNAL_EXIT) !== 0) {
    Atomics.store(words, WORD.inspector, 0)
    throw isEnding()
  }
  try {
    session.connectToMainThread()
    return session
  } catch (error) {
    Atomics.store(words, WORD.inspector, 0)
    throw new InspectorUnavailable(
      'unsupported',
      'the inspector cannot be reached (permission model?)',
      { cause: error },
    )
  }
}

function isEnding(): InspectorUnavailable {
  return new InspectorUnavailable('closed', 'the gateway is stopping or main is exiting')
}

function send(session: Session, method: string, parameters: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error: Error | null, result?: object) => {
      if (error === null) resolve(result)
      else
        reject(new InspectorUnavailable('closed', `${method}: ${error.message}`, { cause: error }))
    })
  })
}

/** @see tookAnEnd */
async function sendGently(session: Session, method: string, parameters: object): Promise<unknown> {
  const outcome = await send(session, method, parameters).catch((error: unknown) => error)
  if (tookAnEnd(method, parameters, outcome))
    send(session, 'Runtime.terminateExecution', {}).catch(() => {})
  if (outcome instanceof Error) throw outcome
  return outcome
}

async function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new InspectorUnavailable('timeout', `main did not answer the inspector in ${timeoutMs} ms`),
      )
    }, timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
