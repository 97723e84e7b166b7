import { isAbsolute, relative } from 'node:path'
import type { Location } from '../contract.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import { parseStackSample } from '../gateway/stack-sample.ts'
import { type Exit, exitsBefore, innermostFunction } from '../source/exits.ts'
import { ANONYMOUS, type Frame, frameText } from '../source/frame.ts'
import { isHelper, type Wanted } from './helper.ts'
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
 * The innermost place of the application on a stack that is no helper; where there is none of the application
 * (a worker of a package), that of the package that is not the driver. undefined: the stack is not known.
 */
export function placeOf(
  sites: readonly RawSite[],
  wanted: Wanted,
  context: PlaceContext,
): Place | undefined {
  const { files, ownFolders } = context
  const { frames } = parseStackSample(JSON.stringify({ frames: sites }), ownFolders)
  const isDriver = (file: string): boolean => DRIVER.has(files.packageOf(file)?.name ?? '')
  const foreign = frames.filter(({ origin, file }) => origin === 'package' && !isDriver(file))
  const frame = callerIn(frames, wanted, context) ?? foreign[0]
  if (frame === undefined) return undefined
  const between = foreign.find((other) => frames.indexOf(other) < frames.indexOf(frame))
  const used = files.packageOf(between?.file ?? '')
  const { file, line } = files.original(frame)
  const name = nameOf(frame, context)
  return {
    location: { file, line, function: name },
    text: `${name} (${shortPath(file, context.root)}:${line})`,
    rawFile: frame.file,
    rawLine: frame.line,
    via: used === undefined ? undefined : `${used.name}@${used.version}`,
    stack: frames.slice(0, 6).map(frameText),
  }
}

/** Three helpers deep at most; when all are helpers, the innermost. */
function callerIn(
  frames: readonly Frame[],
  wanted: Wanted,
  { files }: PlaceContext,
): Frame | undefined {
  const own = frames.filter(({ origin }) => origin === 'app').slice(0, 4)
  const caller = own.find(({ file, line }) => {
    const owner = innermostFunction(files.functions(file), line)
    return (
      owner === undefined || !isHelper(files.text(file).slice(owner.start, owner.end + 1), wanted)
    )
  })
  return caller ?? own[0]
}

function nameOf(frame: Frame, { files }: PlaceContext): string {
  if (frame.function !== ANONYMOUS) return frame.function
  return files.functionAt(frame.file, frame.line, frame.column) ?? ANONYMOUS
}

function shortPath(file: string, root: string): string {
  const path = relative(root, file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}

const BACK = /\brelease\s*\(|\bdone\s*\(/

/** The ways out of the function at a place that leave a client behind, after the last query there. */
export function exitsBeforeRelease(place: Place, afterLine: number, context: PlaceContext): Exit[] {
  const { files } = context
  const owner = innermostFunction(files.functions(place.rawFile), place.rawLine)
  if (owner === undefined) return []
  const isInside = afterLine > owner.startLine && afterLine <= owner.endLine
  const from = isInside ? afterLine : place.rawLine
  return exitsBefore(BACK, { file: place.rawFile, line: place.rawLine, from }, files)
}
