import { isAbsolute, relative } from 'node:path'
import type { Location } from '../contract.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import { parseStackSample } from '../gateway/stack-sample.ts'
import { ANONYMOUS, frameText } from '../source/frame.ts'
import type { RawSite } from './reading.ts'

/** What is needed to name a place. */
export type PlaceContext = Pick<SkillContext, 'files' | 'ownFolders' | 'root'>

/** Where the application called the driver. */
export interface Place {
  readonly location: Location
  /** `createOrder (src/orders.js:9)`. */
  readonly text: string
  /** Line of that file in the code that runs, before source maps. */
  readonly rawFile: string
  readonly rawLine: number
  /** The package in between, an ORM or a query builder, as `name@version`. */
  readonly via: string | undefined
  readonly stack: readonly string[]
}

const DRIVER = new Set(['pg', 'pg-pool', 'pg-native'])

/**
 * The innermost place of the application on a stack; where there is none (a worker of a package), that of the
 * package that is not the driver. undefined: the stack is not known.
 */
export function placeOf(sites: readonly RawSite[], context: PlaceContext): Place | undefined {
  const { files, ownFolders } = context
  const { frames } = parseStackSample(JSON.stringify({ frames: sites }), ownFolders)
  const isDriver = (file: string): boolean => DRIVER.has(files.packageOf(file)?.name ?? '')
  const foreign = frames.filter(({ origin, file }) => origin === 'package' && !isDriver(file))
  const frame = frames.find(({ origin }) => origin === 'app') ?? foreign[0]
  if (frame === undefined) return undefined
  const between = foreign.find((other) => frames.indexOf(other) < frames.indexOf(frame))
  const used = files.packageOf(between?.file ?? '')
  const { file, line } = files.original(frame)
  const name =
    frame.function === ANONYMOUS
      ? (files.functionAt(frame.file, frame.line, frame.column) ?? ANONYMOUS)
      : frame.function
  return {
    location: { file, line, function: name },
    text: `${name} (${shortPath(file, context.root)}:${line})`,
    rawFile: frame.file,
    rawLine: frame.line,
    via: used === undefined ? undefined : `${used.name}@${used.version}`,
    stack: frames.slice(0, 6).map(frameText),
  }
}

function shortPath(file: string, root: string): string {
  const path = relative(root, file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}

/**
 * The way out of a function that leaves a client behind: a `return` or `throw` between the last query and
 * the first `release`, by reading the source. undefined: none is found, or a `finally` releases.
 */
export function leakingExit(
  place: Place,
  afterLine: number,
  context: PlaceContext,
): { line: number; text: string } | undefined {
  const { files } = context
  const owner = files
    .functions(place.rawFile)
    .filter(({ startLine, endLine }) => startLine <= place.rawLine && endLine >= place.rawLine)
    .toSorted((left, right) => left.end - left.start - (right.end - right.start))[0]
  if (owner === undefined) return undefined
  const from =
    afterLine >= owner.startLine && afterLine <= owner.endLine ? afterLine : place.rawLine
  const lines = Array.from({ length: owner.endLine - owner.startLine + 1 }, (_, index) => {
    const line = owner.startLine + index
    return { line, text: files.line(place.rawFile, line).trim() }
  })
  if (/\bfinally\b/.test(lines.map(({ text }) => text).join('\n'))) return undefined
  for (const { line, text } of lines) {
    if (line < from || line < place.rawLine) continue
    if (/\brelease\s*\(|\bdone\s*\(/.test(text)) return undefined
    if (line > place.rawLine && /\b(?:return|throw)\b/.test(text)) {
      const original = files.original({ file: place.rawFile, line, column: 1 })
      return { line: original.line, text: text.slice(0, 80) }
    }
  }
  return undefined
}
