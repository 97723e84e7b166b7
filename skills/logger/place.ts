import type { Location } from '../contract.ts'
import type { PatternText, SampleText } from '../rates/pattern-book.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { placeOf, type StackPlace } from '../source/stack-place.ts'

/** Where a pattern of log lines comes from. */
export interface LogPlace {
  /** thrown: where the error was thrown; logged: only where it was logged. */
  readonly type: 'thrown' | 'logged' | 'unknown'
  readonly location?: Location
  readonly stack: readonly string[]
  /** The line repeats what Node told a last handler; the exception skill has the exception itself. */
  readonly echoes?: 'unhandled rejection' | 'uncaught exception'
}

/** A module that only passes on to a logger is not where a line comes from. */
const LOG_MODULE = /(?:^|[\\/])(?:[\w-]*log(?:s|ger|gers|ging)?)(?:[\\/]index)?\.[cm]?[jt]sx?$/i

/** The best place that the samples of a pattern give: of the error, of the text, of the log call. */
export function logPlace(
  { samples }: PatternText,
  files: SourceFiles,
  ownFolders: readonly string[],
): LogPlace {
  const read = (text: string): StackPlace => placeOf(text, files, ownFolders)
  const calls = samples.map(({ callStack }) => read(callStack ?? ''))
  const echoes = calls.map(echoOf).find((echo) => echo !== undefined)
  const common = echoes === undefined ? {} : { echoes }
  for (const sample of samples) {
    const { location, stack } = read(stackIn(sample))
    if (location !== undefined) return { type: 'thrown', location, stack, ...common }
  }
  for (const call of calls) {
    const location = behindLogModules(call, files)
    if (location !== undefined) return { type: 'logged', location, stack: call.stack, ...common }
  }
  return { type: 'unknown', stack: calls[0]?.stack ?? [], ...common }
}

/** The error's own stack, or the one in the text, which JSON has on one line. */
function stackIn({ errorStack, text }: SampleText): string {
  // The last frame in JSON is followed by the end of the string and the other fields.
  return errorStack ?? text.replaceAll('\\n', '\n').replaceAll(/^(\s*at [^"\n]*)".*$/gm, '$1')
}

function behindLogModules(call: StackPlace, files: SourceFiles): Location | undefined {
  const app = call.frames.filter(({ origin }) => origin === 'app')
  const caller = app.find(({ file }) => !LOG_MODULE.test(file)) ?? app[0]
  if (caller === undefined || caller === app[0]) return call.location
  const { file, line, column } = caller
  const name = files.functionAt(file, line, column)
  return {
    file,
    line,
    function: caller.function === '(anonymous)' ? (name ?? caller.function) : caller.function,
  }
}

function echoOf({ frames }: StackPlace): LogPlace['echoes'] {
  const comesFrom = (file: string): boolean => frames.some((frame) => frame.file === file)
  if (
    comesFrom('node:internal/process/promises') &&
    frames.some((frame) => /emit|Rejection/.test(frame.function))
  )
    return 'unhandled rejection'
  return frames.some((frame) => /onGlobalUncaughtException|_fatalException/.test(frame.function))
    ? 'uncaught exception'
    : undefined
}
