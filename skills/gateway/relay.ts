import { setTimeout as delay } from 'node:timers/promises'
import { isRecord, parseJson, textOf } from '../json.ts'
import { type EvaluateOptions, evaluateBy, type Inspectable, tookAnEnd } from './inspectable.ts'
import { InspectorUnavailable } from './inspector.ts'

/** A worker of this process as the inspector names it. */
interface Attached {
  readonly sessionId: string
  readonly threadId: number
  /** The `name` that its owner gave it, or ''. */
  readonly name: string
}

interface Waiting {
  readonly method: string
  readonly parameters: object
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** What one message costs main, which passes it on: below a twentieth of a millisecond. */
const CHARGE_MS = 0.05
const ENABLE_MS = 2000
/** The list of workers comes as events right after. */
const LIST_MS = 500

/**
 * The inspector of the other threads: main passes messages on (CDP's `NodeWorker` domain).
 *
 * Reaches every worker of the process, nested ones too, while it is stuck in a loop, in a regular
 * expression or in `Atomics.wait`, with main idle or busy in JavaScript; not while main itself is
 * natively blocked. Attached only while somebody uses it. Measured on Node 20.20: 0.1 to 0.4 ms a
 * call with main idle, 5 to 17 ms with main busy.
 */
export class WorkerRelay {
  readonly #inspector: Omit<Inspectable, 'evaluate'>
  readonly #attached = new Map<number, Attached>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(sessionId: string, method: string, parameters: unknown) => void>()
  #users = 0
  #nextId = 1
  #isClosing = false
  #onQuiet: (() => void) | undefined
  #session: { readonly ready: Promise<void>; readonly end: () => void } | undefined

  constructor(inspector: Omit<Inspectable, 'evaluate'>) {
    this.#inspector = inspector
  }

  /**
   * Runs `use` with one worker's inspector.
   *
   * @throws {InspectorUnavailable} Main does not pass messages on, or there is no such worker.
   */
  async with<Value>(
    threadId: number,
    use: (worker: Inspectable, name: string) => Promise<Value>,
  ): Promise<Value> {
    this.#users += 1
    try {
      this.#session ??= this.#begin()
      await this.#session.ready
      const attached = await this.#find(threadId)
      return await use(this.#targetOf(attached.sessionId), attached.name)
    } finally {
      this.#users -= 1
      if (this.#users === 0) this.#end()
    }
  }

  /**
   * Asks no worker any more and waits for the answers that are due, `mostMs` at most: a worker that is
   * ended while an evaluation is in it may not end.
   */
  async drain(mostMs: number): Promise<void> {
    this.#isClosing = true
    if (this.#waiting.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onQuiet = resolve
      setTimeout(resolve, mostMs).unref()
    })
  }

  #begin(): { ready: Promise<void>; end: () => void } {
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const ready = new Promise<void>((resolve, reject) => {
      const enable = async (): Promise<void> => {
        const options = { timeoutMs: ENABLE_MS, chargeMs: 0.2 }
        await this.#inspector.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, options)
        resolve()
        await ended
        await this.#inspector.post('NodeWorker.disable', {}, options)
      }
      this.#hear(enable).catch(reject)
    })
    // Each user hears of it; nobody may be there when it comes.
    ready.catch(() => this.#end())
    return { ready, end }
  }

  #end(): void {
    this.#session?.end()
    this.#session = undefined
    this.#attached.clear()
    for (const { reject } of this.#waiting.values())
      reject(new InspectorUnavailable('closed', 'the inspector of the workers was closed'))
    this.#waiting.clear()
    this.#onQuiet?.()
  }

  async #hear(use: () => Promise<void>): Promise<void> {
    const inspector = this.#inspector
    const onAttached = (event: unknown): void => {
      const attached = attachedOf(event)
      if (attached !== undefined) this.#attached.set(attached.threadId, attached)
    }
    const onDetached = (event: unknown): void => {
      const gone = isRecord(event) ? event['sessionId'] : undefined
      for (const [threadId, { sessionId }] of this.#attached)
        if (sessionId === gone) this.#attached.delete(threadId)
    }
    await inspector.hold(() =>
      inspector.listen('NodeWorker.attachedToWorker', onAttached, () =>
        inspector.listen('NodeWorker.detachedFromWorker', onDetached, () =>
          inspector.listen(
            'NodeWorker.receivedMessageFromWorker',
            (event) => this.#receive(event),
            use,
          ),
        ),
      ),
    )
  }

  async #find(threadId: number): Promise<Attached> {
    const until = performance.now() + LIST_MS
    for (;;) {
      const attached = this.#attached.get(threadId)
      if (attached !== undefined) return attached
      if (performance.now() > until)
        throw new InspectorUnavailable('closed', `there is no worker thread ${threadId}`)
      await delay(10, undefined, { ref: false })
    }
  }

  #receive(event: unknown): void {
    if (!isRecord(event) || typeof event['message'] !== 'string') return
    const message = parseJson(event['message'])
    if (!isRecord(message)) return
    const { id, result, error, method, params } = message
    if (typeof id !== 'number') {
      for (const listener of this.#listeners)
        listener(textOf(event['sessionId']), textOf(method), params)
      return
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    const outcome =
      error === undefined
        ? result
        : new Error(isRecord(error) ? textOf(error['message']) : 'refused')
    if (tookAnEnd(waiting.method, waiting.parameters, outcome))
      this.#endAgain(textOf(event['sessionId']))
    if (outcome instanceof Error) waiting.reject(outcome)
    else waiting.resolve(outcome)
    if (this.#waiting.size === 0) this.#onQuiet?.()
  }

  #endAgain(sessionId: string): void {
    const message = JSON.stringify({ id: this.#nextId, method: 'Runtime.terminateExecution' })
    this.#nextId += 1
    const sending = { timeoutMs: ENABLE_MS, chargeMs: CHARGE_MS }
    this.#inspector
      .post('NodeWorker.sendMessageToWorker', { sessionId, message }, sending)
      .catch(() => {})
  }

  #targetOf(sessionId: string): Inspectable {
    const post: Inspectable['post'] = (method, parameters, options) =>
      this.#ask(sessionId, method, parameters, options)
    return {
      post,
      evaluate: (expression, options) => evaluateBy({ post }, expression, withoutDeadline(options)),
      hold: (use) => use(),
      listen: async (event, onEvent, use) => {
        const listener = (from: string, method: string, parameters: unknown): void => {
          if (from === sessionId && method === event) onEvent(parameters)
        }
        this.#listeners.add(listener)
        try {
          return await use()
        } finally {
          this.#listeners.delete(listener)
        }
      },
    }
  }

  async #ask(
    sessionId: string,
    method: string,
    parameters: object,
    options: EvaluateOptions,
  ): Promise<unknown> {
    if (this.#isClosing)
      throw new InspectorUnavailable('closed', 'the gateway is stopping or main is exiting')
    const id = this.#nextId
    this.#nextId += 1
    let timer: NodeJS.Timeout | undefined
    // An answer that comes too late is still looked at, for what it may have taken.
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { method, parameters, resolve, reject })
      const late = `the worker did not answer the inspector in ${options.timeoutMs} ms`
      timer = setTimeout(() => reject(new InspectorUnavailable('timeout', late)), options.timeoutMs)
    })
    answer.catch(() => {})
    try {
      const message = JSON.stringify({ id, method, params: parameters })
      const sending = { timeoutMs: options.timeoutMs, chargeMs: CHARGE_MS }
      await this.#inspector
        .post('NodeWorker.sendMessageToWorker', { sessionId, message }, sending)
        .catch((error: unknown) => {
          this.#waiting.delete(id)
          throw error
        })
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Titles are `[worker 5] its name`; before Node 20 `Worker 5`. */
function attachedOf(event: unknown): Attached | undefined {
  const info = isRecord(event) && isRecord(event['workerInfo']) ? event['workerInfo'] : undefined
  const match = /^\[?worker (\d+)\]? ?(.*)$/is.exec(textOf(info?.['title'], ''))
  if (!isRecord(event) || match === null) return undefined
  return {
    sessionId: textOf(event['sessionId']),
    threadId: Number(match[1]),
    name: match[2] ?? '',
  }
}

/** @see EvaluateOptions.mainMs */
function withoutDeadline({ timeoutMs, chargeMs, awaitsPromise }: EvaluateOptions): EvaluateOptions {
  return {
    timeoutMs,
    ...(chargeMs === undefined ? {} : { chargeMs }),
    ...(awaitsPromise === undefined ? {} : { awaitsPromise }),
  }
}
