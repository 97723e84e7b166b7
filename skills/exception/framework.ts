import { dirname, join } from 'node:path'
import type { Location } from '../contract.ts'
import type { SourceFiles } from '../source/source-files.ts'

/** A web framework whose handler lets a rejection fall. */
export interface DroppedBy {
  /** `express@4.18.2`. */
  readonly label: string
}

const ROUTE = /\.(?:get|post|put|patch|delete|all|use|param)\s*\(/
/** How many folders up a package may lie. */
const MAX_FOLDERS = 20

/**
 * Whether the place is a route handler of express before version 5, which calls handlers without awaiting
 * them: a request whose handler rejects never gets an answer.
 * @see https://expressjs.com/en/guide/error-handling.html
 */
export function droppedBy(place: Location, files: SourceFiles): DroppedBy | undefined {
  const near = [place.line, place.line - 1, place.line - 2].map((line) =>
    files.line(place.file, line),
  )
  const isRoute = near.some((line) => ROUTE.test(line.slice(0, 500)))
  const hasRequest = near.some((line) => /\b(?:req|request|ctx)\b/.test(line.slice(0, 500)))
  if (!isRoute || !hasRequest) return undefined
  const version = installedVersion('express', place.file, files)
  if (version === undefined || !/^[34]\./.test(version)) return undefined
  return { label: `express@${version}` }
}

function installedVersion(name: string, file: string, files: SourceFiles): string | undefined {
  let folder = dirname(file)
  for (let up = 0; up < MAX_FOLDERS; up += 1) {
    const found = files.packageOf(join(folder, 'node_modules', name, 'index.js'))
    if (found !== undefined && found.version !== '?') return found.version
    if (dirname(folder) === folder) return undefined
    folder = dirname(folder)
  }
  return undefined
}
