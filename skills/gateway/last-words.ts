import type { Location } from '../contract.ts'
import { SIGNAL_CRASH, SIGNAL_EXIT, WORD } from '../probe/layout.ts'
import { ANONYMOUS, type Frame, frameText, parseStackText } from '../source/frame.ts'
import type { SourceFiles } from '../source/source-files.ts'
import type { HeartbeatReader } from './heartbeat-reader.ts'
import type { GatewaySignal } from './signal.ts'

/** Not in the ES2023 library yet; in V8 since 8.7, so in every Node that we run on. */
interface AsyncWait {
  readonly async: boolean
  readonly value: unknown
}

export interface LastWordsOptions {
  readonly reader: HeartbeatReader
  readonly files: SourceFiles
  readonly ownFolders: readonly string[]
  /** Main waits for it, half a second at most. */
  readonly onExit: () => Promise<void>
  readonly onCrash: (signal: Extract<GatewaySignal, { type: 'crash' }>) => unknown
}

/**
 * Hears at once when main crashes or exits (`Atomics.waitAsync`), and at each poll in any case.
 *
 * @returns `check`, for the poll, and `stop`.
 */
export function hearLastWords(options: LastWordsOptions): { check: () => void; stop: () => void } {
  const { words } = options.reader
  let isStopped = false
  let isExiting = false
  const check = (): void => {
    const signal = Atomics.load(words, WORD.signal)
    if ((signal & SIGNAL_CRASH) !== 0) {
      Atomics.and(words, WORD.signal, ~SIGNAL_CRASH)
      void hearCrash(options)
    }
    if ((signal & SIGNAL_EXIT) !== 0 && !isExiting) {
      isExiting = true
      void options.onExit().finally(() => {
        Atomics.store(words, WORD.exitAck, 1)
        Atomics.notify(words, WORD.exitAck)
      })
    }
  }
  void (async () => {
    while (!isStopped && !isExiting) {
      const wait = waitForSignal(words)
      if (wait === undefined) return
      if (wait.async) await wait.value
      if (!isStopped) check()
    }
  })()
  return {
    check,
    stop: () => {
      isStopped = true
      Atomics.notify(words, WORD.signal)
    },
  }
}

/** Waits until the word is not what it is now. */
function waitForSignal(words: Int32Array): AsyncWait | undefined {
  const wait: unknown = Reflect.get(Atomics, 'waitAsync')
  if (typeof wait !== 'function') return undefined
  const result: unknown = Reflect.apply(wait, Atomics, [words, WORD.signal, 0, 10_000])
  return isAsyncWait(result) ? result : undefined
}

function isAsyncWait(value: unknown): value is AsyncWait {
  return typeof value === 'object' && value !== null && 'async' in value
}

async function hearCrash(options: LastWordsOptions): Promise<void> {
  const { reader, files, ownFolders, onCrash } = options
  const error = reader.crashReport()
  if (error === undefined) return
  const frames = parseStackText(error.stack ?? '', ownFolders)
  const location = locate(frames, files)
  try {
    await onCrash({
      type: 'crash',
      error,
      ...(location === undefined ? {} : { location }),
      stack: frames.slice(0, 30).map((frame) => frameText({ ...frame, ...files.original(frame) })),
    })
  } catch {
    // The handler's trouble is not main's: it must not wait longer for it.
  } finally {
    Atomics.store(reader.words, WORD.crash, 2)
    Atomics.notify(reader.words, WORD.crash)
  }
}

/** The first frame of the application; the package above it, when the error was thrown there. */
function locate(frames: readonly Frame[], files: SourceFiles): Location | undefined {
  const thrower = frames.find((frame) => frame.origin === 'app' || frame.origin === 'package')
  const frame = frames.find((entry) => entry.origin === 'app') ?? thrower
  if (frame === undefined) return undefined
  const name = thrower?.origin === 'package' ? files.packageOf(thrower.file) : undefined
  const isAnonymous = frame.function === ANONYMOUS
  const inSource = isAnonymous ? files.functionAt(frame.file, frame.line, frame.column) : undefined
  return {
    ...files.original(frame),
    function: inSource ?? frame.function,
    ...(name === undefined ? {} : { package: `${name.name}@${name.version}` }),
  }
}
