import { type BuiltInCallback, type BuiltInSkill, describeBuiltIn } from '../built-in-skill.ts'
import type { SkillDescription } from '../contract.ts'
import { SkillFailure } from '../failure.ts'
import type { Json } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { InspectorUnavailable } from './inspector.ts'
import type { Via } from './main-access.ts'
import { checkGatewayOptions, type GatewayOptions } from './options.ts'
import { GatewayParts, skillsOf } from './parts.ts'

export type { GatewayOptions } from './options.ts'

/** A snapshot of a skill, and how it was taken. */
export interface SnapshotAnswer {
  /** Epoch milliseconds. */
  readonly capturedAt: number
  readonly data: Json
  /** 'outside': nothing of main was needed, or main did not answer and this is what is known without it. */
  readonly via: Via
  /** How long main was blocked when it was taken; absent when it was not. */
  readonly mainBlockedMs?: number
}

export interface SnapshotOptions {
  /** Default 2000. */
  readonly timeoutMs?: number
}

export interface CallOptions extends SnapshotOptions {
  readonly signal?: AbortSignal
}

/** The root thread's side: skills, and the two ways into main. */
export interface Gateway {
  /** base, the built-in skills asked for, the custom ones. */
  describe(): SkillDescription[]
  /** @throws {SkillFailure} See `SkillFailureCode`. @throws {TypeError} Unknown skill. */
  snapshot(skillId: string, options?: SnapshotOptions): Promise<SnapshotAnswer>
  /** Calls a callback by name. @throws {SkillFailure} */
  call(callbackName: string, input?: Json, options?: CallOptions): Promise<Json>
  /** Stops every timer, the session and the port; pending calls reject with `stopped`. */
  stop(): void
}

const DEFAULT_TIMEOUT_MS = 2000

/**
 * Starts the gateway in the thread that calls it: the root thread, never main.
 *
 * It watches the heartbeat from then on and calls `onSignal` for stalls, crashes and growing memory. At rest
 * it costs one comparison every 50 ms, two small reads of /proc a second, and no inspector session.
 *
 * @throws {TypeError} Unknown option or skill, naming what is known.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const checked = checkGatewayOptions(options)
  const parts = new GatewayParts(checked)
  return new ProbeGateway(parts, skillsOf(parts, checked.skills), checked.custom)
}

class ProbeGateway implements Gateway {
  readonly #parts: GatewayParts
  readonly #builtIn: ReadonlyMap<string, BuiltInSkill>
  readonly #custom: readonly SkillDescription[]
  readonly #stopped = new AbortController()

  constructor(
    parts: GatewayParts,
    builtIn: ReadonlyMap<string, BuiltInSkill>,
    custom: readonly SkillDescription[],
  ) {
    this.#parts = parts
    this.#builtIn = builtIn
    this.#custom = custom
    parts.start()
  }

  describe(): SkillDescription[] {
    return [...[...this.#builtIn.values()].map(describeBuiltIn), ...this.#custom]
  }

  async snapshot(skillId: string, options: SnapshotOptions = {}): Promise<SnapshotAnswer> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const builtIn = this.#builtIn.get(skillId)
    if (builtIn === undefined && !this.#custom.some((skill) => skill.id === skillId)) {
      const known = this.describe().map((skill) => skill.id)
      throw new TypeError(`snapshot: unknown skill '${skillId}'; known: ${known.join(', ')}`)
    }
    const reading = await this.#bounded(timeoutMs, undefined, async () => {
      if (builtIn !== undefined) return builtIn.snapshot({ timeoutMs })
      const { value, via } = await this.#parts.access.invoke(`snapshot:${skillId}`, null, {
        timeoutMs,
      })
      return { data: value, via }
    })
    const blockedMs = this.#parts.watch.current?.durationMs
    return {
      capturedAt: epochMs(),
      data: reading.data,
      via: reading.via,
      ...(blockedMs === undefined ? {} : { mainBlockedMs: Math.round(blockedMs) }),
    }
  }

  async call(callbackName: string, input: Json = {}, options: CallOptions = {}): Promise<Json> {
    const { signal } = options
    const builtIn = this.#find(callbackName)
    const timeoutMs = options.timeoutMs ?? builtIn?.defaultTimeoutMs ?? DEFAULT_TIMEOUT_MS
    return this.#bounded(timeoutMs, signal, async () => {
      if (builtIn !== undefined) return builtIn.run(input, { timeoutMs, ...(signal && { signal }) })
      return this.#callCustom(callbackName, input, timeoutMs, signal)
    })
  }

  stop(): void {
    this.#stopped.abort(new SkillFailure('stopped', 'the gateway was stopped'))
    this.#parts.stop()
  }

  #find(name: string): BuiltInCallback | undefined {
    for (const { callbacks } of this.#builtIn.values()) {
      if (Object.hasOwn(callbacks, name)) return callbacks[name]
    }
    return undefined
  }

  async #callCustom(
    name: string,
    input: Json,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Json> {
    const known = this.#custom
      .flatMap((skill) => skill.callbacks)
      .find((callback) => callback.name === name)
    if (known === undefined) {
      const names = this.describe().flatMap((skill) =>
        skill.callbacks.map((callback) => callback.name),
      )
      throw new SkillFailure(
        'unknown_callback',
        `unknown callback '${name}'; known: ${names.join(', ')}`,
      )
    }
    const mayInterrupt = known.effect !== 'act'
    const call = { timeoutMs, mayInterrupt, ...(signal && { signal }) }
    return (await this.#parts.access.invoke(`call:${name}`, input, call)).value
  }

  /** Whatever happens, it ends: by time, by the caller's signal, by stop. */
  async #bounded<Value>(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    run: () => Promise<Value>,
  ): Promise<Value> {
    const stopped = this.#stopped.signal
    stopped.throwIfAborted()
    signal?.throwIfAborted()
    const release = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const ended = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new SkillFailure('timeout', `no answer within ${timeoutMs} ms`)),
        timeoutMs + 50,
      )
      for (const source of [stopped, signal]) {
        source?.addEventListener('abort', () => reject(source.reason), {
          once: true,
          signal: release.signal,
        })
      }
    })
    try {
      return await Promise.race([run(), ended])
    } catch (error) {
      throw asFailure(error, signal)
    } finally {
      clearTimeout(timer)
      release.abort()
    }
  }
}

/** What a caller sees: its own abort reason as it is, everything else as a SkillFailure. */
function asFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof SkillFailure || (signal?.aborted === true && error === signal.reason))
    return error
  if (error instanceof InspectorUnavailable) {
    const code = error.why === 'closed' ? 'stopped' : 'main_blocked'
    return new SkillFailure(code, error.message, { cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new SkillFailure('threw', message, { cause: error })
}
