import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { PatternTable } from '../probe/pattern-table.ts'
import { shortCopy, stackHere, stackOf } from '../probe/stack-text.ts'
import type { Level } from './level.ts'

/** Where a line came from. */
export type LogSource = 'console' | 'stdout' | 'stderr' | 'pino' | 'winston' | 'process'

interface Entry {
  readonly at: number
  readonly level: Level
  readonly source: LogSource
  readonly text: string
}

/** The newest lines, errors and the rest apart, so that a flood of one does not wash out the other. */
const KEEP_LINES = 150
const KEEP_CHARACTERS = 400
/** Lines kept in a second; beyond that they are only counted. */
const LINES_PER_SECOND = 40
const SAMPLE_CHARACTERS = 2500

/** Counts lines by level and pattern, and keeps a few: main's only store of logs. */
export class LogIntake {
  readonly table = new PatternTable(true)
  readonly #counts: Record<Level, number> = { error: 0, warn: 0, info: 0, debug: 0 }
  readonly #bad: Entry[] = []
  readonly #other: Entry[] = []
  #bytes = 0
  #second = 0
  #keptInSecond = 0

  /**
   * Takes in one line.
   *
   * @param text Decides on its pattern.
   * @param error The error that is logged with it, if there is one.
   * @param whole The line as it is written, where that is more than the text.
   */
  line(level: Level, source: LogSource, text: string, error?: unknown, whole = text): void {
    const now = epochMs()
    this.#counts[level] += 1
    this.#bytes += whole.length
    this.#keep(level, source, text, now)
    const isBad = level === 'error' || level === 'warn'
    const pattern = this.table.note(level, source, text, now)
    if (pattern === undefined) return
    const errorStack =
      isBad && typeof error === 'object' && error !== null ? stackOf(error) : undefined
    const callStack = stackHere()
    this.table.keep(pattern, {
      at: now,
      text: shortCopy(
        whole,
        isBad && errorStack === undefined ? SAMPLE_CHARACTERS : KEEP_CHARACTERS,
      ),
      ...(errorStack === undefined ? {} : { errorStack }),
      ...(callStack === undefined ? {} : { callStack }),
    })
  }

  /** A compact reading: counts since the start, and the patterns that moved. */
  read(): JsonRecord {
    return { ...this.#counts, bytes: this.#bytes, active: this.table.reported() }
  }

  /** The lines that were kept, newest first. */
  lines(): JsonRecord[] {
    return [...this.#bad, ...this.#other]
      .sort((left, right) => right.at - left.at)
      .map((entry) => ({ ...entry }))
  }

  #keep(level: Level, source: LogSource, text: string, now: number): void {
    if (now - this.#second >= 1000) {
      this.#second = now
      this.#keptInSecond = 0
    }
    if (this.#keptInSecond >= LINES_PER_SECOND) return
    this.#keptInSecond += 1
    const ring = level === 'error' || level === 'warn' ? this.#bad : this.#other
    ring.push({ at: now, level, source, text: shortCopy(text, KEEP_CHARACTERS) })
    if (ring.length > KEEP_LINES) ring.shift()
  }
}
