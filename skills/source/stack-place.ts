import { relative } from 'node:path'
import type { Location } from '../contract.ts'
import { ANONYMOUS, type Frame, frameText, parseStackText } from './frame.ts'
import type { SourceFiles } from './source-files.ts'

/** What a stack says of where its author should look. */
export interface StackPlace {
  /** The innermost place of the application; the package above it, when it lies there. */
  readonly location?: Location
  /** The outermost place of the application: who began all this, as far as the stack reaches. */
  readonly outermost?: Location
  /** All frames, source maps applied, innermost first. */
  readonly frames: readonly Frame[]
  readonly stack: readonly string[]
}

/** Reads a stack's text. Frames of nodelens are left out. */
export function placeOf(
  stackText: string,
  files: SourceFiles,
  ownFolders: readonly string[],
): StackPlace {
  const raw = parseStackText(stackText, ownFolders).filter(({ origin }) => origin !== 'own')
  const frames = raw.map((frame) => ({ ...frame, ...files.original(frame) }))
  const stack = frames.slice(0, 12).map(frameText)
  const thrower = raw.find(({ origin }) => origin === 'app' || origin === 'package')
  const app = raw.filter(({ origin }) => origin === 'app')
  const inner = app[0] ?? thrower
  if (inner === undefined) return { frames, stack }
  const name = thrower?.origin === 'package' ? files.packageOf(thrower.file) : undefined
  const label = name === undefined ? {} : { package: `${name.name}@${name.version}` }
  const last = app.at(-1)
  return {
    frames,
    stack,
    location: { ...locationOf(inner, files), ...label },
    ...(last === undefined ? {} : { outermost: locationOf(last, files) }),
  }
}

/** `totalFor() at src/invoices.js:5`, relative to the application's folder. */
export function placeText(location: Location, root: string): string {
  const path = relative(root, location.file)
  const shown = path.startsWith('..') ? location.file : path
  const call = location.function === ANONYMOUS ? 'the function' : `${location.function}()`
  return `${call} at ${shown}:${location.line}`
}

/** An anonymous function carries the name of the one that its author wrote it in. */
function locationOf(frame: Frame, files: SourceFiles): Location {
  const isNamed = frame.function !== ANONYMOUS
  const inSource = isNamed ? undefined : files.functionAt(frame.file, frame.line, frame.column)
  return { ...files.original(frame), function: inSource ?? frame.function }
}
