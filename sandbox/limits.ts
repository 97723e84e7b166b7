import { type NumberRange, parseKeys, wholeNumber } from './options.ts'

const KB = 1024
const MB = 1024 * KB
/** Ten minutes: far below the point where a Node timer overflows and fires at once. */
const longestMs = 600_000

/**
 * The limits of one script. Each is a whole number; what is left out has its default.
 *
 * The defaults were measured: sandbox research, section 6 (docs/sandbox.md has the table).
 */
export interface Limits {
  /** Milliseconds of Lua, time in callbacks excluded. Default 2000. Code `timeout`. */
  readonly cpuMs: number
  /** Milliseconds of everything, callbacks included. Default 15000. Code `timeout`. */
  readonly wallMs: number
  /** Bytes of the Lua heap. Default 32 MB. A Lua error that `pcall` can catch, else code `memory`. */
  readonly memoryBytes: number
  /** UTF-8 bytes of the script. Default 64 KB. Code `source_too_large`. */
  readonly sourceBytes: number
  /** Bytes of all strings in the returned value. Default 1 MB. Code `too_large`. */
  readonly resultBytes: number
  /** Values in the returned value. Default 50000. Code `too_many_nodes`. */
  readonly resultNodes: number
  /** Nesting of the returned value. Default 32. Code `too_deep`. */
  readonly resultDepth: number
  /** As for the result, for the arguments of one callback call. Default 256 KB. A Lua error. */
  readonly argumentBytes: number
  /** Default 10000. A Lua error. */
  readonly argumentNodes: number
  /** Default 16. A Lua error. */
  readonly argumentDepth: number
  /** The same for what a callback returns, checked before it is sent. Default 4 MB. A Lua error. */
  readonly callbackBytes: number
  /** Default 100000. A Lua error. */
  readonly callbackNodes: number
  /** Default 64. A Lua error. */
  readonly callbackDepth: number
  /** Callback calls of one script. Default 200. Code `callback_limit`. */
  readonly callbackCalls: number
  /** Milliseconds for one callback. Default 5000. A Lua error. */
  readonly callbackMs: number
  /** Bytes of everything printed. Default 64 KB; what is beyond is dropped and the log says so. */
  readonly logBytes: number
}

const ranges: { readonly [name in keyof Limits]: NumberRange } = {
  cpuMs: { default: 2000, min: 1, max: longestMs },
  wallMs: { default: 15_000, min: 1, max: longestMs },
  memoryBytes: { default: 32 * MB, min: 256 * KB, max: 512 * MB },
  sourceBytes: { default: 64 * KB, min: 1, max: MB },
  resultBytes: { default: MB, min: 0, max: 16 * MB },
  resultNodes: { default: 50_000, min: 1, max: 1_000_000 },
  resultDepth: { default: 32, min: 0, max: 100 },
  argumentBytes: { default: 256 * KB, min: 0, max: 16 * MB },
  argumentNodes: { default: 10_000, min: 1, max: 1_000_000 },
  argumentDepth: { default: 16, min: 0, max: 100 },
  callbackBytes: { default: 4 * MB, min: 0, max: 16 * MB },
  callbackNodes: { default: 100_000, min: 1, max: 1_000_000 },
  callbackDepth: { default: 64, min: 0, max: 100 },
  callbackCalls: { default: 200, min: 0, max: 100_000 },
  callbackMs: { default: 5000, min: 1, max: longestMs },
  logBytes: { default: 64 * KB, min: 0, max: MB },
}

/** Every limit's default. */
export const defaultLimits: Limits = mapLimits((name) => ranges[name].default)

/**
 * Completes limits with a base's values.
 *
 * @throws {TypeError} An unknown limit, or one that is not a number.
 * @throws {RangeError} A limit outside its range.
 */
export function parseLimits(given: unknown, base: Limits = defaultLimits): Limits {
  if (given === undefined) return base
  const record = parseKeys('limits', given, Object.keys(ranges))
  return mapLimits((name) =>
    wholeNumber(`limits.${name}`, record[name], { ...ranges[name], default: base[name] }),
  )
}

function mapLimits(pick: (name: keyof Limits) => number): Limits {
  return {
    cpuMs: pick('cpuMs'),
    wallMs: pick('wallMs'),
    memoryBytes: pick('memoryBytes'),
    sourceBytes: pick('sourceBytes'),
    resultBytes: pick('resultBytes'),
    resultNodes: pick('resultNodes'),
    resultDepth: pick('resultDepth'),
    argumentBytes: pick('argumentBytes'),
    argumentNodes: pick('argumentNodes'),
    argumentDepth: pick('argumentDepth'),
    callbackBytes: pick('callbackBytes'),
    callbackNodes: pick('callbackNodes'),
    callbackDepth: pick('callbackDepth'),
    callbackCalls: pick('callbackCalls'),
    callbackMs: pick('callbackMs'),
    logBytes: pick('logBytes'),
  }
}
