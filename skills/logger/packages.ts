import { createRequire } from 'node:module'
import { levelOfNumber } from './level.ts'
import { type LogTaps, levelOfInfo } from './taps.ts'

/** Files of packages whose methods are wrapped; loggers look them up at each call, so late is early enough. */
const WINSTON = /[\\/]winston[\\/]lib[\\/]winston[\\/]logger\.js$/
const PINO = /[\\/]pino[\\/]pino\.js$/
const PINO_TOOLS = /[\\/]pino[\\/]lib[\\/]tools\.js$/

const NOWHERE = { write: () => {} }

/**
 * Finds loggers among the loaded CommonJS modules, which both are, also when ES modules import
 * them. Nothing is hooked for it: the cache is looked through when it has grown.
 */
export class LoggerPackages {
  readonly #taps: LogTaps
  readonly #cache = createRequire(import.meta.url).cache
  readonly #done = new Set<string>()
  #seen = 0

  constructor(taps: LogTaps) {
    this.#taps = taps
  }

  look(): void {
    const names = Object.keys(this.#cache)
    if (names.length === this.#seen) return
    this.#seen = names.length
    for (const name of names) {
      const isLogger = WINSTON.test(name) || PINO.test(name)
      if (!isLogger || this.#done.has(name) || this.#cache[name]?.loaded !== true) continue
      this.#done.add(name)
      const exported: unknown = this.#cache[name]?.exports
      if (WINSTON.test(name)) this.#tapWinston(exported)
      else if (!this.#tellsByChannel(names, name)) this.#tapPino(exported)
    }
  }

  /** All levels of winston 3 end in the logger's `write`, with an info object. */
  #tapWinston(exported: unknown): void {
    if (typeof exported !== 'function' || typeof exported.prototype !== 'object') return
    this.#taps.wrap(exported.prototype, 'write', (self, [info]) => {
      if (isEnabled(self, info))
        this.#taps.noteObject('winston', levelOfInfo(info), info, undefined)
    })
  }

  /** All levels of pino end in one method of the prototype that its loggers share. */
  #tapPino(exported: unknown): void {
    if (typeof exported !== 'function') return
    const symbols: unknown = Reflect.get(exported, 'symbols')
    const key: unknown =
      typeof symbols === 'object' && symbols !== null ? Reflect.get(symbols, 'writeSym') : undefined
    if (typeof key !== 'symbol') return
    const logger: unknown = Reflect.apply(exported, undefined, [{ enabled: false }, NOWHERE])
    let owner: unknown = logger
    while (typeof owner === 'object' && owner !== null && !Object.hasOwn(owner, key))
      owner = Object.getPrototypeOf(owner)
    if (typeof owner !== 'object' || owner === null) return
    this.#taps.wrap(owner, key, (_self, [object, message, level]) => {
      this.#taps.noteObject('pino', levelOfNumber(Number(level)), object, message)
    })
  }

  /** Newer ones publish each line on a diagnostics channel, which is heard already. */
  #tellsByChannel(names: readonly string[], pino: string): boolean {
    const folder = pino.replace(/pino\.js$/, '')
    const tools = names.find((name) => name.startsWith(folder) && PINO_TOOLS.test(name))
    const exported: unknown = tools === undefined ? undefined : this.#cache[tools]?.exports
    const asJson: unknown =
      typeof exported === 'object' && exported !== null
        ? Reflect.get(exported, 'asJson')
        : undefined
    return (
      typeof asJson === 'function' && Function.prototype.toString.call(asJson).includes('traceSync')
    )
  }
}

/** winston passes every call on to its transports; what is below the logger's level is no line. */
function isEnabled(self: unknown, info: unknown): boolean {
  if (typeof self !== 'object' || self === null || typeof info !== 'object' || info === null)
    return false
  if (Reflect.get(self, 'silent') === true) return false
  const levels: unknown = Reflect.get(self, 'levels')
  if (typeof levels !== 'object' || levels === null) return true
  const rankOf = (name: unknown): number =>
    typeof name === 'string' ? Number(Reflect.get(levels, name)) : Number.NaN
  const [own, wanted] = [
    rankOf(Reflect.get(self, 'level')),
    rankOf(Reflect.get(info, Symbol.for('level')) ?? Reflect.get(info, 'level')),
  ]
  return !(wanted > own)
}
