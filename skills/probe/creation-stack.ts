import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Stacks taken in a second at most, by all skills together: 10 to 15 microseconds each. */
const PER_SECOND = 60
/** Clients such as axios put fifteen frames of packages between the application and the socket. */
const LIMIT = 48
const KEPT = 8
const PACKAGE = /[\\/]node_modules[\\/]/

const rooms = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const OWN = ['skills', 'runtime', 'agents', 'sandbox']
  .map((room) => join(rooms, room) + sep)
  .flatMap((folder) => [folder, pathToFileURL(folder).href])

const now = performance.now.bind(performance)
let tokens = PER_SECOND
let filledAt = 0

/** Where something was made. `own`: nodelens made it; `skipped`: too many were taken this second. */
export type Creation =
  | { readonly type: 'stack'; readonly text: string }
  | { readonly type: 'own' }
  | { readonly type: 'skipped' }

const SKIPPED: Creation = { type: 'skipped' }
const MADE_BY_US: Creation = { type: 'own' }

/**
 * The frames of this moment that are not Node's, innermost first, as lines of a stack text; the
 * text is '' when nothing of the application is on the stack. Eight of them, and where these are
 * all of packages, the first one of the application behind them.
 *
 * Rare events always get one; frequent ones share 60 a second. Nothing of the frames is kept but
 * their text.
 */
export function creationStack(): Creation {
  const at = now()
  tokens = Math.min(PER_SECOND, tokens + ((at - filledAt) * PER_SECOND) / 1000)
  filledAt = at
  if (tokens < 1) return SKIPPED
  tokens -= 1
  return describe(callSites(creationStack))
}

/** The same without the bound of 60 a second: for windows that have a bound of their own. */
export function stackOfMoment(): Creation {
  return describe(callSites(stackOfMoment))
}

/** `Error.prepareStackTrace` of the application must not run here, nor see our frames. */
function callSites(above: () => Creation): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace')
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = LIMIT
    Error.prepareStackTrace = (_error, sites) => sites
    Error.captureStackTrace(holder, above)
    const sites = holder.stack
    return Array.isArray(sites) ? sites : []
  } catch {
    return []
  } finally {
    restore(stackTraceLimit, prepare)
  }
}

function restore(limit: number, prepare: unknown): void {
  try {
    Error.stackTraceLimit = limit
    Reflect.set(Error, 'prepareStackTrace', prepare)
  } catch {
    // The application froze Error; then nothing was changed either.
  }
}

function describe(sites: readonly NodeJS.CallSite[]): Creation {
  const lines: string[] = []
  let isPastUs = false
  for (const site of sites) {
    const file = site.getFileName() ?? ''
    const isOurs = OWN.some((folder) => file.startsWith(folder))
    if (!isPastUs && isOurs) continue
    isPastUs = true
    if (file === '' || file.startsWith('node:')) continue
    if (isOurs && lines.length === 0) return MADE_BY_US
    if (isOurs) continue
    const isPackage = PACKAGE.test(file)
    if (lines.length < KEPT || !isPackage) lines.push(lineOf(site, file))
    if (lines.length > KEPT || (lines.length === KEPT && hasApplication(lines))) break
  }
  return { type: 'stack', text: lines.join('\n') }
}

function hasApplication(lines: readonly string[]): boolean {
  return lines.some((line) => !PACKAGE.test(line))
}

/** As V8 writes it. */
function lineOf(site: NodeJS.CallSite, file: string): string {
  const name = site.getFunctionName() ?? '<anonymous>'
  const type = site.isToplevel() || site.isConstructor() ? null : site.getTypeName()
  const owner = type === null || name.startsWith(type) ? '' : `${type}.`
  return `    at ${owner}${name} (${file}:${String(site.getLineNumber())}:${String(site.getColumnNumber())})`
}
