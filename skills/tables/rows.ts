import { relative } from 'node:path'
import type { Location, Severity } from '../contract.ts'
import type { JsonRecord } from '../json.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { findUse, type SourceUse } from './filler.ts'
import { growthBytes, type Table } from './table-watch.ts'

const MB = 1_048_576
/** Growth that is worth telling without any other sign: 10 MB a minute, for three seconds. */
const TELLING_BYTES = 10 * MB
const TELLING_MS = 2500

/** What speaks for a leak besides the table itself. */
export interface MemoryContext {
  readonly heapGrows: boolean
  readonly externalGrows: boolean
}

export interface RowParts {
  readonly files: SourceFiles
  readonly root: string
  /** The application's own files, where the class of a holder may be found. */
  readonly appFiles: () => readonly string[]
}

/** A table as a row for Lua, prompts and the rules model. */
export function tableRow(table: Table, memory: MemoryContext, parts: RowParts): JsonRecord {
  const { measured, trend } = table
  const found = trend.growthPerMinute > 0 ? locate(table, parts) : undefined
  const isOutside = measured.outsideBytes > measured.bytes / 2 && measured.outsideBytes > MB
  const evicts = found?.use.evicts === true
  const file = found?.variableFile ?? measured.file
  const where = whereOf({ path: measured.path, file }, found?.location, parts.root)
  const told = { ...table, isOutside, evicts, where }
  return {
    name: measured.path,
    kind: measured.kind,
    file: file === '' ? null : file,
    owner: measured.owner === '' ? null : measured.owner,
    registered: table.isRegistered,
    size: measured.size,
    growthPerMinute: trend.growthPerMinute,
    approxMb: round1(measured.bytes / MB),
    outsideMb: round1(measured.outsideBytes / MB),
    growthMbPerMinute: round1(growthBytes(table) / MB),
    observedSeconds: round1(trend.observedMs / 1000),
    oldestKept: measured.oldestKept ?? null,
    bound: measured.bound === undefined ? null : { ...measured.bound },
    evictsInCode: evicts,
    verdict: trend.verdict,
    ...weigh(told, memory, found?.location !== undefined),
    location: found?.location === undefined ? null : { ...found.location },
    sourceLine: found?.sourceLine ?? null,
    observation: observationOf(told),
    explanation: explanationOf(told),
    remedy: remedyOf(told),
  }
}

/** A leak is told when memory as a whole grows too, or when it grows fast and nothing removes. */
function weigh(table: Told, memory: MemoryContext, isLocated: boolean): JsonRecord {
  const bytesPerMinute = growthBytes(table)
  const isBacked = table.isOutside ? memory.externalGrows : memory.heapGrows
  const isTelling =
    bytesPerMinute >= TELLING_BYTES && table.trend.observedMs >= TELLING_MS && !table.evicts
  const reportable = table.trend.verdict === 'leak' && isLocated && (isBacked || isTelling)
  const isFast = bytesPerMinute > 300 * MB
  const severity: Severity = reportable ? (isFast ? 'critical' : 'warning') : 'info'
  const confidence = isBacked && !table.evicts ? 'high' : isBacked || isTelling ? 'medium' : 'low'
  return { reportable, severity, confidence }
}

interface Told extends Table {
  readonly isOutside: boolean
  readonly evicts: boolean
  readonly where: { readonly name: string; readonly filler: string }
}

function observationOf({ measured, trend, where, isOutside }: Told): string {
  const memory = isOutside
    ? `about ${round1(measured.outsideBytes / MB)} MB of Buffers (ArrayBuffers, external memory outside the JS heap)`
    : `about ${round1(measured.bytes / MB)} MB`
  const kept = measured.oldestKept === true ? ', and its oldest entry was never removed' : ''
  const sign = trend.growthPerMinute >= 0 ? 'growing' : 'shrinking'
  return `${where.name} is a ${measured.kind} with ${measured.size} entries, ${memory}, ${sign} by ${Math.abs(trend.growthPerMinute)} entries a minute over ${round1(trend.observedMs / 1000)} s${kept}`
}

function explanationOf({ measured, trend, where, evicts, isOutside }: Told): string {
  const { bound } = measured
  switch (trend.verdict) {
    case 'leak': {
      const ignored =
        bound === undefined
          ? ''
          : ` The limit beside it (${bound.name} = ${bound.value}) is not kept.`
      const never = evicts ? 'removes less than it adds' : 'nothing removes entries'
      const retained = isOutside
        ? 'retains Buffers: external memory grows while the JS heap may stay flat'
        : 'grows without bound and keeps everything alive'
      return `Memory leak: ${where.name} ${retained}; ${where.filler} adds to it and ${never}.${ignored}`
    }
    case 'evicting':
      return `${where.name} grows, but old entries go: a cache that works.`
    case 'bounded':
      return `${where.name} is below its limit${bound === undefined ? '' : ` (${bound.name} = ${bound.value})`}: a cache that fills, not a leak.`
    case 'warming':
      return `${where.name} grows ever more slowly: it warms up.`
    case 'stable':
      return `${where.name} does not grow.`
    case 'unknown':
      return `${where.name} was seen only once; its growth is not known yet.`
  }
}

function remedyOf({ trend, where, measured }: Told): string {
  if (trend.verdict !== 'leak') return 'Nothing to do.'
  const how =
    measured.kind === 'Array'
      ? 'cap its length (trim or use a ring buffer)'
      : 'use an LRU cache with a max size or a TTL and evict old entries'
  return `Bound ${where.name}: ${how}, or remove entries when they are no longer needed. Check the condition that should limit it in ${where.filler}.`
}

function whereOf(
  variable: { path: string; file: string },
  location: Location | undefined,
  root: string,
): Told['where'] {
  const place = (file: string): string => {
    const path = relative(root, file)
    return path.startsWith('..') ? file : path
  }
  const file = variable.file === '' ? '' : ` (${place(variable.file)})`
  const filler =
    location === undefined
      ? 'the code'
      : `${location.function}() at ${place(location.file)}:${location.line}`
  return { name: `${variable.path}${file}`, filler }
}

interface Located {
  readonly location: Location
  readonly use: SourceUse
  /** File of the variable, with source maps applied, when it is the one that fills it. */
  readonly variableFile?: string
  readonly sourceLine: string
}

/** The code that fills it: by the innermost name of its path first, in the holder's class, then in its own file. */
function locate({ measured }: Table, parts: RowParts): Located | undefined {
  const { names, isInside } = namesOf(measured.path)
  for (const [index, name] of names.entries()) {
    for (const file of filesFor(measured.file, measured.owner, index, parts)) {
      const use = findUse(
        parts.files.text(file),
        parts.files.functions(file),
        name,
        isInside && index === 0,
      )
      if (use.filler === undefined) continue
      const { line } = use.filler
      const text = parts.files.line(file, line)
      // A source map has nothing for the blanks before a statement.
      const column = Math.max(0, text.search(/\S/)) + 1
      const place = parts.files.original({ file, line, column })
      const sourceLine = text.trim().slice(0, 200)
      const variableFile = file === measured.file ? { variableFile: place.file } : {}
      return {
        location: { ...place, function: use.filler.function },
        use,
        sourceLine,
        ...variableFile,
      }
    }
  }
  return undefined
}

/** `journal.cams.get("a")` gives cams, journal, and that it is inside of cams. */
export function namesOf(path: string): { names: string[]; isInside: boolean } {
  const key = '\\.get\\((?:"(?:\\\\.|[^"\\\\])*"|[^)]*)\\)'
  const isInside = new RegExp(`(?:${key}|\\[…\\])$`).test(path)
  const plain = path.replaceAll(new RegExp(key, 'g'), '').replaceAll(/\[[^\]]*\]/g, '')
  const names = plain.split('.').filter((name) => name !== '' && name !== 'exports')
  return { names: names.toReversed(), isInside }
}

function filesFor(file: string, owner: string, index: number, parts: RowParts): string[] {
  const isOwn = file !== '' && !/[\\/]node_modules[\\/]/.test(file)
  const own = isOwn ? [file] : []
  if (index > 0) return own
  const known = ['', 'Object', 'Map', 'Set', 'Array']
  if (known.includes(owner)) return own.length > 0 ? own : [...parts.appFiles()].slice(0, 50)
  const pattern = new RegExp(
    `\\bclass\\s+${owner.replaceAll(/[^\w$]/g, '')}\\b|\\bfunction\\s+${owner.replaceAll(/[^\w$]/g, '')}\\b`,
  )
  const classes = parts.appFiles().filter((candidate) => pattern.test(parts.files.text(candidate)))
  return [...classes.slice(0, 5), ...own]
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
