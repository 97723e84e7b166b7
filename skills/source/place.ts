import type { Location } from '../contract.ts'
import { ANONYMOUS, type Frame, frameText, parseStackText } from './frame.ts'
import type { SourceFiles } from './source-files.ts'

/** Where in the application something was asked for, and through which package. */
export interface Place {
  readonly location: Location
  /** Of the whole stack, innermost first. */
  readonly frames: readonly string[]
  readonly sourceLine: string
}

/** The innermost frame of the application in a stack text, with source maps applied and nameless functions named. */
export function placeOfStack(
  stack: string,
  files: SourceFiles,
  ownFolders: readonly string[],
): Place | undefined {
  const frames = parseStackText(stack, ownFolders)
  const leaf = frames.find(isOutsideNode)
  const frame = frames.find(({ origin }) => origin === 'app') ?? leaf
  if (frame === undefined || leaf === undefined) return undefined
  const name = leaf === frame ? undefined : files.packageOf(leaf.file)
  const place = files.original(frame)
  return {
    location: {
      ...place,
      function: nameOf(frame, frames, files),
      ...(name === undefined ? {} : { package: `${name.name}@${name.version}` }),
    },
    frames: frames.slice(0, 12).map(frameText),
    sourceLine: files.line(place.file, place.line).trim().slice(0, 200),
  }
}

function isOutsideNode({ origin }: Frame): boolean {
  return origin === 'app' || origin === 'package'
}

/** A nameless function carries the name of the one that it is written in, else of its caller in that file. */
function nameOf(frame: Frame, frames: readonly Frame[], files: SourceFiles): string {
  if (frame.function !== ANONYMOUS) return plainName(frame.function)
  const around = files.functionAt(frame.file, frame.line, frame.column)
  if (around !== undefined) return around
  const caller = frames.find(
    (other) => other.file === frame.file && other !== frame && other.function !== ANONYMOUS,
  )
  return caller === undefined ? ANONYMOUS : plainName(caller.function)
}

/** `new Pool` and `Server.<anonymous>` as an author would say them. */
function plainName(name: string): string {
  return name.replace(/^new /, '').replace(/\.<anonymous>$/, '') || ANONYMOUS
}

/** `quote (src/shipping.js:5)`. */
export function placeText({ file, line, function: name }: Location, root: string): string {
  const short = file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file
  return `${name} (${short}:${line})`
}
