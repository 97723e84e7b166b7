/**
 * Taps main's logs: console, the two standard streams, pino, winston. Each line is counted once, by
 * the outermost of them: what a logger or the console writes to a stream while it is at work is not
 * a second line.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import type { LogIntake, LogSource } from './intake.ts'
import { type Level, levelOfName, levelOfNumber, levelOfText, messageIn } from './level.ts'

const CONSOLE: readonly (readonly ['error' | 'warn' | 'log' | 'info' | 'debug', Level])[] = [
  ['error', 'error'],
  ['warn', 'warn'],
  ['log', 'info'],
  ['info', 'info'],
  ['debug', 'debug'],
]
/** Newer versions of pino tell of each line before it is written. https://github.com/pinojs/pino */
const PINO_CHANNEL = 'tracing:pino_asJson:start'

/** Everything that is tapped, and what is being written right now. */
export class LogTaps {
  readonly #intake: LogIntake
  readonly #undo: (() => void)[] = []
  #depth = 0

  constructor(intake: LogIntake) {
    this.#intake = intake
  }

  /** Taps what is there from the start. Returns how to end all of it. */
  start(): () => void {
    for (const [method, level] of CONSOLE) this.#tapConsole(method, level)
    this.#tapStream('stdout')
    this.#tapStream('stderr')
    const onPino = (message: unknown): void => this.#onPino(message)
    subscribe(PINO_CHANNEL, onPino)
    return () => {
      unsubscribe(PINO_CHANNEL, onPino)
      for (const undo of this.#undo.splice(0).toReversed()) undo()
    }
  }

  /**
   * Wraps a method so that `note` sees its arguments before it runs. What it writes meanwhile is
   * part of it. Does nothing where there is no such method.
   */
  wrap(
    owner: object,
    key: string | symbol,
    note: (self: unknown, values: unknown[]) => void,
  ): void {
    const before = Object.getOwnPropertyDescriptor(owner, key)
    const original: unknown = Reflect.get(owner, key)
    if (typeof original !== 'function') return
    const isWorking = (): boolean => this.#depth > 0
    const enter = (change: 1 | -1): void => {
      this.#depth += change
    }
    const tapped = function (this: unknown, ...values: unknown[]): unknown {
      if (isWorking()) return Reflect.apply(original, this, values)
      enter(1)
      try {
        quietly(() => note(this, values))
        return Reflect.apply(original, this, values)
      } finally {
        enter(-1)
      }
    }
    Object.defineProperty(tapped, 'name', { value: original.name, configurable: true })
    if (
      !define(owner, key, {
        configurable: true,
        writable: true,
        enumerable: before?.enumerable ?? false,
        value: tapped,
      })
    )
      return
    this.#undo.push(() => {
      if (Object.getOwnPropertyDescriptor(owner, key)?.value !== tapped) return
      if (before === undefined) Reflect.deleteProperty(owner, key)
      else define(owner, key, before)
    })
  }

  #tapConsole(method: (typeof CONSOLE)[number][0], level: Level): void {
    this.wrap(console, method, (_self, values) => {
      const text = textOfArguments(values)
      // How Node prints a process warning, which is counted as such.
      if (!text.startsWith(`(node:${process.pid}) `))
        this.#intake.line(level, 'console', text, values.find(isError))
    })
  }

  /** A stream is tapped when it is first asked for: to ask for it here would open it. */
  #tapStream(name: 'stdout' | 'stderr'): void {
    const before = Object.getOwnPropertyDescriptor(process, name)
    const get: unknown = Reflect.get(before ?? {}, 'get')
    if (before === undefined || typeof get !== 'function' || before.configurable !== true) return
    let isTapped = false
    const getter = (): unknown => {
      const stream: unknown = Reflect.apply(get, process, [])
      if (!isTapped && stream instanceof Writable) {
        isTapped = true
        this.wrap(stream, 'write', (_self, values) => this.#onWrite(name, values[0]))
      }
      return stream
    }
    Object.defineProperty(process, name, { ...before, get: getter })
    this.#undo.push(() => {
      if (Object.getOwnPropertyDescriptor(process, name)?.get === getter)
        Object.defineProperty(process, name, before)
    })
  }

  #onWrite(name: 'stdout' | 'stderr', chunk: unknown): void {
    const text =
      typeof chunk === 'string'
        ? chunk
        : chunk instanceof Uint8Array
          ? Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 2500)).toString()
          : ''
    if (text !== '') this.#intake.line(levelOfText(text), name, messageIn(text), undefined, text)
  }

  /** The channel publishes `{ instance, arguments: [object, message, level, time] }`. */
  #onPino(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('arguments' in message)) return
    const values: unknown = message.arguments
    if (typeof values !== 'object' || values === null) return
    const [object, text, level]: unknown[] = Array.from({ length: 3 }, (_, index) =>
      Reflect.get(values, index),
    )
    this.noteObject('pino', levelOfNumber(Number(level)), object, text)
  }

  /** A line of a structured logger: an object, which may be or hold an error, and a message. */
  noteObject(source: LogSource, level: Level, object: unknown, text: unknown): void {
    quietly(() => {
      const error = errorIn(object)
      const said = typeof text === 'string' && text !== '' ? text : undefined
      const own = fieldOf(object, 'message') ?? fieldOf(object, 'msg')
      const thrown =
        error === undefined
          ? undefined
          : `${fieldOf(error, 'name') ?? 'Error'}: ${fieldOf(error, 'message') ?? ''}`
      const message = said ?? own ?? ''
      const isSaid = thrown === undefined || thrown.endsWith(message)
      this.#intake.line(
        level,
        source,
        isSaid ? (thrown ?? message) : `${message}: ${thrown}`,
        error,
      )
    })
  }
}

/** The level of winston's info object: its own symbol, or the field. */
export function levelOfInfo(info: unknown): Level {
  const name =
    typeof info === 'object' && info !== null ? Reflect.get(info, Symbol.for('level')) : undefined
  return levelOfName(typeof name === 'string' ? name : (fieldOf(info, 'level') ?? 'info'))
}

/** Only what can be read without running anything of the application. */
export function textOfArguments(values: readonly unknown[]): string {
  const parts = values.slice(0, 4).map((value) => {
    if (typeof value === 'string') return value
    if (isError(value))
      return `${fieldOf(value, 'name') ?? 'Error'}: ${fieldOf(value, 'message') ?? ''}`
    return typeof value === 'object' && value !== null ? '{…}' : String(value)
  })
  return parts.join(' ')
}

function errorIn(object: unknown): unknown {
  if (isError(object)) return object
  if (typeof object !== 'object' || object === null) return undefined
  for (const key of ['err', 'error', 'exception']) {
    const value: unknown = Reflect.get(object, key)
    if (isError(value)) return value
  }
  return 'stack' in object && typeof object.stack === 'string' ? object : undefined
}

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

function fieldOf(object: unknown, key: string): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined
  const value: unknown = Reflect.get(object, key)
  return typeof value === 'string' ? value : undefined
}

function define(owner: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
  return Reflect.defineProperty(owner, key, descriptor)
}

function quietly(run: () => void): void {
  try {
    run()
  } catch {
    // Watching must never become the application's error.
  }
}
