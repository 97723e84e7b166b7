/** What can be wrong with the traffic to a database, as far as rates tell. */
import type { Severity } from '../contract.ts'
import type { PoolRate, StatementRate } from './history.ts'
import type { HolderReading } from './reading.ts'

interface Common {
  /** The same trouble has the same key. */
  readonly key: string
  readonly severity: Severity
  /** How long it is known, milliseconds. */
  readonly overMs: number
}

/** Clients are checked out at one place and do not come back. */
export interface LeakTrouble extends Common {
  readonly kind: 'leak'
  readonly pool: PoolRate
  readonly holder: HolderReading
  /** Clients of the place that were out when it was first seen in these intervals. */
  readonly fromCount: number
}

/** Callers wait for a client of a pool. */
export interface PoolTrouble extends Common {
  readonly kind: 'pool'
  readonly pool: PoolRate
  readonly meanWaitMs: number
  readonly normalWaitMs: number
}

/** Clients go back to the pool inside a transaction. */
export interface OpenTrouble extends Common {
  readonly kind: 'open'
  readonly count: number
}

/** One statement takes most of the time in the database, and more than it used to. */
export interface SlowTrouble extends Common {
  readonly kind: 'slow'
  readonly statement: StatementRate
  readonly meanMs: number
  readonly load: number
  readonly callsPerSecond: number
  /** Share of all time in the database, 0 to 1. */
  readonly share: number
  readonly normalMs: number | undefined
  readonly normalPerSecond: number
  /** How late main's loop was meanwhile: so much of the times may be its fault. */
  readonly loopLateMs: number
  /** Callers that wait for a connection meanwhile. */
  readonly waiting: number
}

/** Executions of a quick statement do not end. */
export interface StuckTrouble extends Common {
  readonly kind: 'stuck'
  readonly statement: StatementRate
  readonly normalMs: number | undefined
}

/** One statement is repeated many times within one request. */
export interface RunTrouble extends Common {
  readonly kind: 'run'
  readonly statement: StatementRate
  /** Repetitions in one chain of queries, on average. */
  readonly length: number
  /** Time that one chain spends in it. */
  readonly runMs: number
  readonly runsPerSecond: number
  readonly share: number
  readonly normalLength: number
}

/** Connections outside a pool that nobody ends. */
export interface LooseTrouble extends Common {
  readonly kind: 'loose'
  readonly site: number
  readonly open: number
  readonly fromOpen: number
}

/** Queries, or attempts to connect, that fail. */
export interface ErrorTrouble extends Common {
  readonly kind: 'errors'
  /** 0: attempts to connect. */
  readonly statement: number
  readonly errors: number
  readonly calls: number
}

export type Trouble =
  | LeakTrouble
  | PoolTrouble
  | OpenTrouble
  | SlowTrouble
  | StuckTrouble
  | RunTrouble
  | LooseTrouble
  | ErrorTrouble

/** Kinds that bring another about. Callers that wait for the pool are the consequence of almost all else. */
const CAUSES: Partial<Record<Trouble['kind'], readonly Trouble['kind'][]>> = {
  pool: ['leak', 'slow', 'stuck', 'run', 'open'],
  slow: ['stuck', 'leak', 'open'],
  run: ['leak', 'stuck', 'slow', 'open'],
  stuck: ['open'],
  errors: ['open'],
}

/** Without those that another one brings about; worst first. */
export function rootsOf(troubles: readonly Trouble[]): Trouble[] {
  const kinds = new Set(troubles.map(({ kind }) => kind))
  return troubles
    .filter(({ kind }) => !(CAUSES[kind] ?? []).some((cause) => kinds.has(cause)))
    .toSorted((left, right) => severityRank(right.severity) - severityRank(left.severity))
}

function severityRank(severity: Severity): number {
  return severity === 'critical' ? 2 : severity === 'warning' ? 1 : 0
}
