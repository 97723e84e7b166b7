import { isRecord, textOf } from '../json.ts'
import { ANONYMOUS, asPath, type FrameOrigin, originOf } from '../source/frame.ts'

/** Time of one function in a CPU profile, and of what it calls. */
export interface CpuFunction {
  readonly file: string
  readonly name: string
  readonly origin: FrameOrigin
  /** Where it begins. */
  readonly startLine: number
  readonly startColumn: number
  /** Ticks in the function itself. */
  readonly selfTicks: number
  /** Ticks in it and in what it called that is not of the application: packages, Node, the engine. */
  readonly ownTicks: number
  /** Ticks in it and everything below. */
  readonly totalTicks: number
  /** The line with the most ticks of its own, or of the call that took most. */
  readonly hottestLine: number
  /** The package file in which most of what it called was spent, and the function there. */
  readonly inPackage:
    | { readonly file: string; readonly name: string; readonly ticks: number }
    | undefined
}

/** A CPU profile in short. */
export interface CpuSummary {
  readonly functions: readonly CpuFunction[]
  readonly totalTicks: number
  readonly idleTicks: number
  readonly gcTicks: number
  /** Engine and native code that belongs to no function. */
  readonly programTicks: number
}

interface ProfileNode {
  readonly id: number
  readonly name: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly hits: number
  readonly ticks: readonly { readonly line: number; readonly ticks: number }[]
  readonly children: readonly number[]
}

interface Tally {
  readonly node: ProfileNode
  self: number
  own: number
  total: number
  readonly lines: Map<number, number>
  readonly packages: Map<string, { file: string; name: string; ticks: number }>
}

/**
 * Sums up a profile of the inspector (`Profiler.stop`) by function. Pure.
 *
 * What a package, Node or the engine does is charged to the innermost function of the application
 * above it: that is what its author can change. Functions of packages are listed only where no
 * function of the application is on the stack.
 * @see https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile
 */
export function summarizeCpu(answer: unknown, ownFolders: readonly string[]): CpuSummary {
  const nodes = nodesOf(answer)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const tallies = new Map<string, Tally>()
  const engine = { idle: 0, gc: 0, program: 0 }
  let total = 0
  const visit = (node: ProfileNode, owner: Tally | undefined, stack: readonly Tally[]): void => {
    const origin = originOf(node.file, ownFolders)
    const isEngine = node.file === '' && node.name.startsWith('(')
    total += node.hits
    if (node.name === '(idle)') engine.idle += node.hits
    else if (node.name === '(garbage collector)') engine.gc += node.hits
    else if (isEngine && owner === undefined) engine.program += node.hits
    const isListed = origin === 'app' || (origin === 'package' && owner === undefined)
    const tally = isListed ? tallyOf(tallies, node) : undefined
    const charged = tally ?? owner
    if (tally !== undefined) chargeSelf(tally, node)
    else if (charged !== undefined) chargeBelow(charged, node, origin)
    const onStack = tally === undefined || stack.includes(tally) ? stack : [...stack, tally]
    for (const each of onStack) each.total += node.hits
    for (const id of node.children) {
      const child = byId.get(id)
      if (child !== undefined) visit(child, origin === 'app' ? tally : charged, onStack)
    }
  }
  const [root] = nodes
  if (root !== undefined) visit(root, undefined, [])
  const functions = [...tallies.values()]
    .filter((tally) => tally.total > 0)
    .sort((left, right) => right.own - left.own || right.total - left.total)
    .map((tally) => functionOf(tally, ownFolders))
  return {
    functions,
    totalTicks: total,
    idleTicks: engine.idle,
    gcTicks: engine.gc,
    programTicks: engine.program,
  }
}

function chargeSelf(tally: Tally, node: ProfileNode): void {
  tally.self += node.hits
  tally.own += node.hits
  for (const { line, ticks } of node.ticks)
    tally.lines.set(line, (tally.lines.get(line) ?? 0) + ticks)
}

function chargeBelow(tally: Tally, node: ProfileNode, origin: FrameOrigin): void {
  tally.own += node.hits
  if (origin !== 'package' || node.hits === 0) return
  const key = `${node.file}\n${node.name}`
  const entry = tally.packages.get(key) ?? { file: node.file, name: node.name, ticks: 0 }
  entry.ticks += node.hits
  tally.packages.set(key, entry)
}

function tallyOf(tallies: Map<string, Tally>, node: ProfileNode): Tally {
  const key = `${node.file}\n${node.name}\n${node.line}:${node.column}`
  const known = tallies.get(key)
  if (known !== undefined) return known
  const tally = { node, self: 0, own: 0, total: 0, lines: new Map(), packages: new Map() }
  tallies.set(key, tally)
  return tally
}

function functionOf(tally: Tally, ownFolders: readonly string[]): CpuFunction {
  const { node, self, own, total, lines, packages } = tally
  const [hottest] = [...lines].sort((left, right) => right[1] - left[1])
  const [inside] = [...packages.values()].sort((left, right) => right.ticks - left.ticks)
  return {
    file: node.file,
    name: node.name === '' ? ANONYMOUS : node.name,
    origin: originOf(node.file, ownFolders),
    startLine: node.line,
    startColumn: node.column,
    selfTicks: self,
    ownTicks: own,
    totalTicks: total,
    hottestLine: hottest?.[0] ?? node.line,
    inPackage: inside,
  }
}

function nodesOf(answer: unknown): ProfileNode[] {
  const profile = isRecord(answer) && isRecord(answer['profile']) ? answer['profile'] : {}
  const nodes: unknown[] = Array.isArray(profile['nodes']) ? profile['nodes'] : []
  return nodes.flatMap((node): ProfileNode[] => {
    if (!isRecord(node) || !isRecord(node['callFrame'])) return []
    const { callFrame } = node
    const ticks: unknown[] = Array.isArray(node['positionTicks']) ? node['positionTicks'] : []
    const children: unknown[] = Array.isArray(node['children']) ? node['children'] : []
    return [
      {
        id: Number(node['id']),
        name: textOf(callFrame['functionName'], ''),
        file: asPath(textOf(callFrame['url'], '')),
        line: Number(callFrame['lineNumber']) + 1,
        column: Number(callFrame['columnNumber']) + 1,
        hits: Number(node['hitCount'] ?? 0),
        children: children.map(Number),
        ticks: ticks.flatMap((tick) =>
          isRecord(tick) ? [{ line: Number(tick['line']), ticks: Number(tick['ticks']) }] : [],
        ),
      },
    ]
  })
}
