import type { JsonRecord } from '../json.ts'
import { ANONYMOUS } from '../source/frame.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { placeText } from '../source/stack-place.ts'
import type { CpuFunction, CpuSummary } from './cpu-profile.ts'
import type { Allocator } from './heap-sample.ts'

export interface RowParts {
  readonly files: SourceFiles
  readonly root: string
}

/** Shares of the whole recording. */
export function shareRow(summary: CpuSummary): JsonRecord {
  const { totalTicks, idleTicks, gcTicks } = summary
  return {
    samples: totalTicks,
    idlePct: pct(idleTicks, totalTicks),
    gcPct: pct(gcTicks, totalTicks),
  }
}

/** One function of a CPU profile; shares are of all samples, idle ones included. */
export function cpuRow(
  entry: CpuFunction,
  summary: CpuSummary,
  { files, root }: RowParts,
): JsonRecord {
  const { file, selfTicks, ownTicks, totalTicks, hottestLine, inPackage } = entry
  const all = summary.totalTicks
  // A profile knows lines only; source maps want a column that is on the line's code.
  const indent = files.line(file, hottestLine).search(/\S/)
  const place = files.original({ file, line: hottestLine, column: Math.max(0, indent) + 1 })
  const location = {
    ...place,
    function: nameOf(entry.name, file, entry.startLine, entry.startColumn, files),
  }
  const label = labelOf(inPackage?.file, files)
  const inside =
    label === undefined || inPackage === undefined
      ? ''
      : `, most of what it calls is ${inPackage.name || ANONYMOUS} of ${label}`
  return {
    location: { ...location, ...(label === undefined ? {} : { package: label }) },
    function: location.function,
    file: location.file,
    line: location.line,
    selfPct: pct(selfTicks, all),
    ownPct: pct(ownTicks, all),
    totalPct: pct(totalTicks, all),
    package: label ?? null,
    sourceLine: files.line(place.file, place.line).trim().slice(0, 200),
    observation: `${placeText(location, root)} took ${pct(ownTicks, all)} % of the main thread's time in a CPU profile (${pct(selfTicks, all)} % by itself, ${pct(totalTicks, all)} % with everything it calls${inside})`,
  }
}

/** One function of an allocation profile. */
export function allocationRow(
  entry: Allocator,
  whole: { readonly total: number; readonly spanMs: number; readonly what: 'kept' | 'all' },
  { files, root }: RowParts,
): JsonRecord {
  const { file, line, column, bytes } = entry
  const place = files.original({ file, line, column })
  const location = { ...place, function: nameOf(entry.name, file, line, column, files) }
  const label = labelOf(entry.packageFile, files)
  const kb = Math.round(bytes / 1024)
  const kbPerSecond = Math.round((bytes / 1024 / whole.spanMs) * 1000)
  const verb = whole.what === 'kept' ? 'allocated and keeps alive' : 'allocated'
  return {
    location: { ...location, ...(label === undefined ? {} : { package: label }) },
    function: location.function,
    file: location.file,
    line: location.line,
    kb,
    kbPerSecond,
    sharePct: pct(bytes, whole.total),
    package: label ?? null,
    observation: `${placeText(location, root)} ${verb} about ${kb} KB in ${Math.round(whole.spanMs / 100) / 10} s (${pct(bytes, whole.total)} % of what was sampled)`,
  }
}

function nameOf(
  name: string,
  file: string,
  line: number,
  column: number,
  files: SourceFiles,
): string {
  return name === ANONYMOUS ? (files.functionAt(file, line, column) ?? name) : name
}

function labelOf(file: string | undefined, files: SourceFiles): string | undefined {
  const name = file === undefined ? undefined : files.packageOf(file)
  return name === undefined ? undefined : `${name.name}@${name.version}`
}

function pct(part: number, whole: number): number {
  return Math.round((1000 * part) / Math.max(whole, 1)) / 10
}
