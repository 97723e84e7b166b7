/** Reads what EXPLAIN (FORMAT JSON) says. Pure. */
import { isRecord } from '../json.ts'

/** A table that the plan reads from end to end. */
export interface FullScan {
  readonly table: string
  /** Rows that the planner expects to keep. */
  readonly keptRows: number
  /** The condition as PostgreSQL writes it; '' when every row is wanted. */
  readonly filter: string
  /** Columns that are compared for equality, and those compared otherwise. */
  readonly equal: readonly string[]
  readonly ranged: readonly string[]
  /** A condition that a plain index on the column cannot serve: a cast or a function around it. */
  readonly wrapped: string | undefined
  /** What the result is sorted by, right above the scan. */
  readonly sortedBy: readonly string[]
}

export interface Plan {
  readonly totalCost: number
  readonly scans: readonly FullScan[]
  /** Node types with their tables, outermost first. */
  readonly outline: string
}

/** undefined: it is no plan. */
export function readPlan(rows: readonly unknown[]): Plan | undefined {
  const [row] = rows
  const value: unknown = isRecord(row) ? row['QUERY PLAN'] : undefined
  const parsed: unknown = typeof value === 'string' ? safeParse(value) : value
  const first: unknown = Array.isArray(parsed) ? parsed[0] : undefined
  const root: unknown = isRecord(first) ? first['Plan'] : undefined
  if (!isRecord(root)) return undefined
  const scans: FullScan[] = []
  const outline: string[] = []
  walk(root, undefined, [], (node, above, sortedBy) => {
    const type = text(node['Node Type'])
    const table = text(node['Relation Name'])
    outline.push(table === '' ? type : `${type} on ${table}`)
    if (type === 'Seq Scan') scans.push(scanOf(node, above, sortedBy))
  })
  return {
    totalCost: numberOf(root['Total Cost']),
    scans,
    outline: outline.slice(0, 12).join(' > '),
  }
}

type Node = Record<string, unknown>

function walk(
  node: Node,
  above: Node | undefined,
  sortedBy: readonly string[],
  visit: (node: Node, above: Node | undefined, sortedBy: readonly string[]) => void,
): void {
  visit(node, above, sortedBy)
  const type = text(node['Node Type'])
  const keys: unknown = node['Sort Key']
  // A sort stays of use below what only passes rows on.
  const passes = type === 'Limit' || type === 'Gather' || type === 'Gather Merge'
  const below = type === 'Sort' && Array.isArray(keys) ? keys.map(String) : passes ? sortedBy : []
  const plans: unknown = node['Plans']
  for (const child of Array.isArray(plans) ? plans : [])
    if (isRecord(child)) walk(child, node, below, visit)
}

function scanOf(node: Node, above: Node | undefined, sortedBy: readonly string[]): FullScan {
  const table = text(node['Relation Name'])
  const alias = text(node['Alias']) || table
  const isInner = text(node['Parent Relationship']) === 'Inner'
  const join =
    isInner && text(above?.['Node Type']) === 'Nested Loop' ? text(above?.['Join Filter']) : ''
  const filter = [text(node['Filter']), join].filter((part) => part !== '').join(' AND ')
  const conditions = filter.includes(' OR ') ? [] : filter.split(' AND ')
  const read = conditions.map((condition) => readCondition(condition, alias))
  const columns = (operator: 'equal' | 'ranged'): string[] => [
    ...new Set(read.flatMap((one) => (one?.type === operator ? [one.column] : []))),
  ]
  return {
    table,
    keptRows: numberOf(node['Plan Rows']),
    filter: filter.slice(0, 200),
    equal: columns('equal'),
    ranged: columns('ranged'),
    wrapped: read.find((one) => one?.type === 'wrapped')?.column,
    sortedBy: sortedBy
      .map((key) => key.replace(`${alias}.`, ''))
      .filter((key) => /^"?\w+"?(?: DESC)?(?: NULLS (?:FIRST|LAST))?$/.test(key)),
  }
}

interface ReadCondition {
  readonly type: 'equal' | 'ranged' | 'wrapped'
  readonly column: string
}

const SIDE = /^(?:(?<alias>\w+)\.)?"?(?<column>\w+)"?$/
const COMPARED = /^(?<left>.+?) (?<operator>=|<>|<=|>=|<|>|~~\*?|!~~\*?|@>|<@|IS) (?<right>.+)$/

function readCondition(condition: string, alias: string): ReadCondition | undefined {
  const compared = COMPARED.exec(unwrap(condition))?.groups
  if (compared === undefined) return undefined
  const { left = '', operator = '', right = '' } = compared
  for (const side of [left, right]) {
    const plain = unwrap(side)
    const found = SIDE.exec(plain)?.groups
    const isOther = found?.['alias'] !== undefined && found['alias'] !== alias
    if (found !== undefined && !isOther && !/^(?:\d+|null|true|false)$/i.test(plain)) {
      const column = found['column'] ?? ''
      if (operator === '=') return { type: 'equal', column }
      return /^(?:<|>)/.test(operator) && operator !== '<>' ? { type: 'ranged', column } : undefined
    }
    if (
      operator === '=' &&
      /^(?:\w+\(.*\)|\(.*\)::[\w ]+)$/.test(plain) &&
      /[a-z_]\w*\)/i.test(plain) &&
      !plain.includes('$')
    )
      return { type: 'wrapped', column: plain.slice(0, 80) }
  }
  return undefined
}

/** Takes off brackets that enclose the whole, and those that a split left open. */
function unwrap(condition: string): string {
  let inner = condition.trim()
  for (;;) {
    const opens = inner.split('(').length
    const closes = inner.split(')').length
    if (opens > closes && inner.startsWith('(')) inner = inner.slice(1).trim()
    else if (closes > opens && inner.endsWith(')')) inner = inner.slice(0, -1).trim()
    else if (isEnclosed(inner)) inner = inner.slice(1, -1).trim()
    else return inner
  }
}

function isEnclosed(value: string): boolean {
  if (!value.startsWith('(') || !value.endsWith(')')) return false
  let depth = 0
  for (let at = 0; at < value.length - 1; at += 1) {
    if (value.charAt(at) === '(') depth += 1
    else if (value.charAt(at) === ')') depth -= 1
    if (depth === 0) return false
  }
  return true
}

function safeParse(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
