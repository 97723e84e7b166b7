import { isRecord, type Json, textOf } from '../json.ts'

/** All collections of one kind in a recording. Bytes are sums over the collections. */
export interface KindSum {
  readonly count: number
  readonly totalMs: number
  readonly longestMs: number
  readonly usedBefore: number
  readonly usedAfter: number
  readonly youngBefore: number
  readonly youngAfter: number
}

/** What a recording of collections says. */
export interface Measured {
  readonly spanMs: number
  readonly sharePct: number
  readonly minors: number
  readonly minorMs: number
  readonly majors: number
  readonly majorMs: number
  readonly longestMs: number
  /** Share of the heap that major collections freed; null: there was none. */
  readonly freedPct: number | null
  /** Share of the young objects that minor collections kept (copied or promoted); null: there was none. */
  readonly survivedPct: number | null
  /** What minor collections moved into the old generation. */
  readonly promotedMbPerSecond: number
  /** What was freed by all of them: as much was allocated. */
  readonly freedMbPerSecond: number
}

const MB = 1_048_576
const MAJOR = 'MarkSweepCompact'
/** Also the concurrent collector of newer V8s, by either of its names. */
const MINOR = ['Scavenge', 'MinorMarkCompact', 'MinorMarkSweep']

const NONE: KindSum = {
  count: 0,
  totalMs: 0,
  longestMs: 0,
  usedBefore: 0,
  usedAfter: 0,
  youngBefore: 0,
  youngAfter: 0,
}

/** Reads main's answer. Pure. */
export function measuredOf(answer: Json, spanMs: number): Measured {
  const sums = new Map((Array.isArray(answer) ? answer : []).map(sumOf))
  const major = sums.get(MAJOR) ?? NONE
  const minor = MINOR.map((kind) => sums.get(kind) ?? NONE).reduce(plus, NONE)
  const all = [...sums.values()].reduce(plus, NONE)
  const seconds = Math.max(spanMs, 1) / 1000
  const freed = all.usedBefore - all.usedAfter
  // what left the young generation and was not freed has been promoted
  const promoted =
    minor.youngBefore - minor.youngAfter - Math.max(0, minor.usedBefore - minor.usedAfter)
  const survived = minor.youngAfter + Math.max(0, promoted)
  return {
    spanMs,
    sharePct: pct(all.totalMs, spanMs),
    minors: minor.count,
    minorMs: minor.totalMs,
    majors: major.count,
    majorMs: major.totalMs,
    longestMs: all.longestMs,
    freedPct: major.count === 0 ? null : pct(major.usedBefore - major.usedAfter, major.usedBefore),
    survivedPct: minor.count === 0 ? null : pct(survived, minor.youngBefore),
    promotedMbPerSecond: Math.max(0, promoted) / MB / seconds,
    freedMbPerSecond: Math.max(0, freed) / MB / seconds,
  }
}

function sumOf(row: Json): [string, KindSum] {
  const record = isRecord(row) ? row : {}
  const number = (name: keyof KindSum): number => Number(record[name] ?? 0)
  return [
    textOf(record['kind']),
    {
      count: number('count'),
      totalMs: number('totalMs'),
      longestMs: number('longestMs'),
      usedBefore: number('usedBefore'),
      usedAfter: number('usedAfter'),
      youngBefore: number('youngBefore'),
      youngAfter: number('youngAfter'),
    },
  ]
}

function plus(left: KindSum, right: KindSum): KindSum {
  return {
    count: left.count + right.count,
    totalMs: left.totalMs + right.totalMs,
    longestMs: Math.max(left.longestMs, right.longestMs),
    usedBefore: left.usedBefore + right.usedBefore,
    usedAfter: left.usedAfter + right.usedAfter,
    youngBefore: left.youngBefore + right.youngBefore,
    youngAfter: left.youngAfter + right.youngAfter,
  }
}

function pct(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.max(0, Math.min(100, (100 * part) / whole))
}
