import type { StatementDetail, StatementReading } from '../reading.ts'
import { normaliseSql, type TransactionStep, transactionStep } from './normalise.ts'

const MAX_STATEMENTS = 300
const MAX_TEXTS = 1000
/** Longer texts are not remembered: they are read anew each time. */
const MAX_TEXT_CHARACTERS = 4000
const MAX_SAMPLE_CHARACTERS = 16_000
const MAX_CALLERS = 5
const MAX_CODES = 10
/** A statement that did not run for this long makes room for another. */
const COLD_MS = 60_000
/** Stacks that are read in a second for the callers of statements. */
const TRACES_PER_SECOND = 25

/** One normalised statement; counters are since the probe came. */
export class Statement {
  readonly id: number
  readonly text: string
  /** As the application wrote it, for EXPLAIN; stays in main. undefined: too long. */
  readonly sample: string | undefined
  readonly step: TransactionStep
  calls = 0
  ended = 0
  errors = 0
  totalMs = 0
  maxMs = 0
  rows = 0
  maxRows = 0
  active = 0
  runs = 0
  runCalls = 0
  runMs = 0
  longestRun = 0
  leader = 0
  lastAt = 0
  lastError = ''
  #askedCallers = 0
  readonly #callers = new Map<number, number>()
  readonly #codes = new Map<string, number>()

  constructor(id: number, text: string, sample: string) {
    this.id = id
    this.text = text
    this.sample = sample.length > MAX_SAMPLE_CHARACTERS ? undefined : sample
    this.step = transactionStep(text)
  }

  /** The first calls always, later ones by the power of two of how many there were. */
  get wantsCaller(): boolean {
    const asked = this.#askedCallers
    return asked < 4 || this.calls >= asked * asked
  }

  addCaller(site: number): void {
    this.#askedCallers += 1
    const count = this.#callers.get(site)
    if (count !== undefined || this.#callers.size < MAX_CALLERS)
      this.#callers.set(site, (count ?? 0) + 1)
  }

  answered(ms: number, rows: number): void {
    this.ended += 1
    this.totalMs += ms
    if (ms > this.maxMs) this.maxMs = ms
    this.rows += rows
    if (rows > this.maxRows) this.maxRows = rows
  }

  failed(code: string, message: string): void {
    this.errors += 1
    this.lastError = message.slice(0, 200)
    const count = this.#codes.get(code)
    if (count !== undefined || this.#codes.size < MAX_CODES) this.#codes.set(code, (count ?? 0) + 1)
  }

  reading(oldestActiveMs: number): StatementReading {
    const { id, calls, ended, errors, rows, active, runs, runCalls, longestRun } = this
    const [totalMs, runMs] = [round(this.totalMs), round(this.runMs)]
    const told = {
      id,
      calls,
      ended,
      errors,
      totalMs,
      rows,
      active,
      runs,
      runCalls,
      runMs,
      longestRun,
    }
    return { ...told, oldestActiveMs: round(oldestActiveMs) }
  }

  detail(): StatementDetail {
    const callers = [...this.#callers].map(([site, count]) => ({ site, count }))
    const { id, text, maxRows, leader, lastError } = this
    return {
      id,
      text,
      maxRows,
      leader,
      lastError,
      callers: callers.sort((left, right) => right.count - left.count),
      maxMs: round(this.maxMs),
      codes: Object.fromEntries(this.#codes),
    }
  }
}

/** All statements, bounded: beyond 300 the coldest goes, or the newcomer is counted with the others. */
export class Statements {
  readonly #byText = new Map<string, Statement>()
  readonly #byForm = new Map<string, Statement>()
  readonly #other = new Statement(1, '(other statements)', '')
  #lastId = 1
  #sweptAt = Number.NEGATIVE_INFINITY
  #second = 0
  #traces = 0

  of(text: string, now: number): Statement {
    const known = this.#byText.get(text)
    const statement = known ?? this.#ofForm(text, now)
    statement.lastAt = now
    return statement
  }

  byId(id: number): Statement | undefined {
    for (const statement of this.all()) if (statement.id === id) return statement
    return undefined
  }

  all(): Statement[] {
    return [...this.#byForm.values(), this.#other]
  }

  /** Whether the caller of this call is to be found out: rare statements always, frequent ones by sample. */
  wantsCaller(statement: Statement, now: number): boolean {
    if (!statement.wantsCaller) return false
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#traces = 0
    }
    this.#traces += 1
    return this.#traces <= TRACES_PER_SECOND
  }

  #ofForm(text: string, now: number): Statement {
    const form = normaliseSql(text)
    let statement = this.#byForm.get(form)
    if (statement === undefined) {
      if (this.#byForm.size >= MAX_STATEMENTS && !this.#makeRoom(now)) return this.#other
      this.#lastId += 1
      statement = new Statement(this.#lastId, form, text)
      this.#byForm.set(form, statement)
    }
    if (text.length <= MAX_TEXT_CHARACTERS) this.#remember(text, statement)
    return statement
  }

  #remember(text: string, statement: Statement): void {
    const oldest = this.#byText.size >= MAX_TEXTS ? this.#byText.keys().next().value : undefined
    if (oldest !== undefined) this.#byText.delete(oldest)
    this.#byText.set(text, statement)
  }

  #makeRoom(now: number): boolean {
    if (now - this.#sweptAt < 1000) return false
    this.#sweptAt = now
    let coldest: [string, Statement] | undefined
    for (const entry of this.#byForm) {
      if (coldest === undefined || entry[1].lastAt < coldest[1].lastAt) coldest = entry
    }
    if (coldest === undefined || now - coldest[1].lastAt < COLD_MS || coldest[1].active > 0)
      return false
    this.#byForm.delete(coldest[0])
    for (const [text, statement] of this.#byText)
      if (statement === coldest[1]) this.#byText.delete(text)
    return true
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
