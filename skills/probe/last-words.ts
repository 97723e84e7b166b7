import { CRASH_BYTES, type HeartbeatViews, SIGNAL_CRASH, SIGNAL_EXIT, WORD } from './layout.ts'

/**
 * How long main may wait for the gateway to let go of the inspector: 0.2 to 3.4 ms when measured; on a starved
 * machine 100 ms were too short once in some twenty exits, and Node said that it waits for the debugger.
 */
const EXIT_WAIT_MS = 500
const MAX_STACK_CHARACTERS = 12_000
const MAX_MESSAGE_CHARACTERS = 4_000

/**
 * Reports an uncaught error and lets go of the inspector at exit, without changing either.
 *
 * `uncaughtExceptionMonitor` neither handles the error nor changes what Node prints or the exit
 * code. When the process is about to die, main waits up to `crashWaitMs` for the gateway to say
 * that the insight is written; when the application has a handler of its own and lives on, or when no
 * gateway watches, it does not wait at all. At exit main waits only while an inspector session is open:
 * without that, Node prints a line on stderr, or hangs under `--inspect` (introspection.md 1.6).
 *
 * @returns Removes both listeners.
 */
export function watchLastWords(views: HeartbeatViews, crashWaitMs: number): () => void {
  const onCrash = (error: unknown, origin: string): void => {
    reportCrash(views, error, origin, crashWaitMs)
  }
  const onExit = (): void => {
    const { words } = views
    raise(words, SIGNAL_EXIT)
    if (Atomics.load(words, WORD.inspector) === 1)
      Atomics.wait(words, WORD.exitAck, 0, EXIT_WAIT_MS)
  }
  // One listener more must not bring out Node's warning about too many of them.
  const most = process.getMaxListeners()
  if (most > 0) process.setMaxListeners(most + 1)
  process.on('uncaughtExceptionMonitor', onCrash)
  process.on('exit', onExit)
  return () => {
    process.off('uncaughtExceptionMonitor', onCrash)
    process.off('exit', onExit)
    if (most > 0 && process.getMaxListeners() === most + 1) process.setMaxListeners(most)
  }
}

function reportCrash(views: HeartbeatViews, error: unknown, origin: string, waitMs: number): void {
  const { words, crash } = views
  if (Atomics.load(words, WORD.gateway) !== 1) return
  if (Atomics.load(words, WORD.crash) === 1) return
  const survives =
    process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
  const report = JSON.stringify({ ...describe(error), origin, survives, at: Date.now() })
  const bytes = new TextEncoder().encode(report).subarray(0, CRASH_BYTES)
  crash.set(bytes)
  words[WORD.crashBytes] = bytes.length
  Atomics.store(words, WORD.crash, 1)
  raise(words, SIGNAL_CRASH)
  if (!survives) Atomics.wait(words, WORD.crash, 1, waitMs)
}

function raise(words: Int32Array, bit: number): void {
  Atomics.or(words, WORD.signal, bit)
  Atomics.notify(words, WORD.signal)
}

/** Reads an error that may be anything, with getters that may throw. */
function describe(error: unknown): Record<string, string> {
  const words: Record<string, string> = { name: 'Error', message: '' }
  try {
    if (typeof error !== 'object' || error === null)
      return { ...words, message: String(error).slice(0, 500) }
    const seen: { name?: unknown; message?: unknown; stack?: unknown; code?: unknown } = error
    if (typeof seen.name === 'string') words['name'] = seen.name.slice(0, 200)
    if (typeof seen.message === 'string')
      words['message'] = seen.message.slice(0, MAX_MESSAGE_CHARACTERS)
    if (typeof seen.stack === 'string') words['stack'] = seen.stack.slice(0, MAX_STACK_CHARACTERS)
    if (typeof seen.code === 'string') words['code'] = seen.code.slice(0, 200)
  } catch {
    words['message'] = 'an error that cannot be read'
  }
  return words
}
