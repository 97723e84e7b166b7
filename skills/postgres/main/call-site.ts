import type { RawSite } from '../reading.ts'

/** Deep enough for an ORM between the driver and the application; a frame costs about 0.1 microseconds. */
const FRAMES = 24
/** Frames that are kept of one place. */
const KEPT = 12

/** A stack that nobody has read yet: cheap to take, and it holds on to what runs until it is read or dropped. */
export type Trace = object

/** Takes the stack of the caller of `below`; undefined where the application has frozen `Error`. */
export function takeTrace(below: (...input: never[]) => unknown): Trace | undefined {
  const limit = Error.stackTraceLimit
  try {
    const trace = {}
    Error.stackTraceLimit = FRAMES
    Error.captureStackTrace(trace, below)
    return trace
  } catch {
    return undefined
  } finally {
    restoreLimit(limit)
  }
}

function restoreLimit(limit: number): void {
  try {
    Error.stackTraceLimit = limit
  } catch {
    // Frozen: it was never changed.
  }
}

/**
 * Reads a trace, innermost first, without Node's own frames.
 *
 * `Error.prepareStackTrace` is replaced within this call only, in which nothing of the application runs; the
 * positions are those of the code that runs, source maps are the gateway's work.
 */
export function readTrace(trace: Trace): readonly RawSite[] {
  const was = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  let sites: RawSite[] = []
  try {
    Error.prepareStackTrace = (_error, calls) => {
      sites = calls.map(
        (call): RawSite => [
          call.getFunctionName(),
          call.getTypeName(),
          call.getMethodName(),
          call.getFileName() ?? null,
          call.getLineNumber(),
          call.getColumnNumber(),
        ],
      )
      return ''
    }
    Reflect.get(trace, 'stack')
  } catch {
    return []
  } finally {
    if (was === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Object.defineProperty(Error, 'prepareStackTrace', was)
  }
  return sites.filter(([, , , file]) => file !== null && !file.startsWith('node:')).slice(0, KEPT)
}

/** The same place has the same key: the first two frames that are no package's (one may be a helper), else the first. */
export function siteKey(sites: readonly RawSite[]): string {
  const own = sites.filter((site) => !/[\\/]node_modules[\\/]/.test(site[3] ?? ''))
  const told = own.length > 0 ? own.slice(0, 2) : sites.slice(0, 1)
  return told.map(([name, , , file, line]) => `${file}:${line}:${name}`).join(' < ')
}
