import type { BuiltInSkill } from '../built-in-skill.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { MetricReadings } from '../history/feed.ts'
import { isRecord, type Json, type JsonRecord, numberAt, textOf } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { Counters } from '../rates/counters.ts'
import { PatternBook } from '../rates/pattern-book.ts'
import { RaiseOnce } from '../rates/raise-once.ts'
import { loggerCallbacks } from './callbacks.ts'
import { DRILLDOWN, PROMPT } from './drilldown.ts'
import { ListenerBook } from './listeners.ts'
import { LIMITS, logRow } from './rows.ts'

const LEVELS = ['error', 'warn', 'info', 'debug']
const MINUTE_MS = 60_000
/** The lowest bar of any level: what passes it is looked at closely. */
const ANY_LIMITS = { floorPerSecond: 1, factor: 4, leastEvents: 8 }

/** The gateway's half of the logger: rates, places, words. */
export const loggerOutside: OutsidePart = {
  id: 'logger',
  make: (context) => new LoggerHalf(context),
}

class LoggerHalf implements OutsideHalf {
  readonly skill: BuiltInSkill
  readonly #context: SkillContext
  readonly #book: PatternBook
  readonly #levels = new Counters()
  readonly #listeners = new ListenerBook()
  readonly #raised = new RaiseOnce()
  #bytes: { readonly at: number; readonly count: number }[] = []
  #reading: Json = null
  #isLooking = false

  constructor(context: SkillContext) {
    this.#context = context
    this.#book = new PatternBook(context.access, 'logger.patterns')
    this.skill = {
      id: 'logger',
      title: 'Logs and process warnings',
      description:
        'What is logged by console, the standard streams, pino, winston: rates, errors, patterns; process warnings, listener leaks.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: DRILLDOWN,
      snapshot: async () => ({ data: this.#snapshot(), via: 'outside' }),
      callbacks: loggerCallbacks({
        access: context.access,
        patternRows: () => this.#rows(),
        listenerRows: () => this.#listeners.rows(context.access, context),
      }),
    }
  }

  readonly hear = (reading: Json, now: number): void => {
    if (!isRecord(reading)) return
    this.#book.hear(reading, now)
    this.#reading = reading
    this.#listeners.hear(reading, now, this.#connections())
    const totals = LEVELS.map((level, id): [number, number] => [id, Number(reading[level] ?? 0)])
    this.#levels.take(totals, now)
    this.#bytes = [...this.#bytes, { at: now, count: Number(reading['bytes'] ?? 0) }].slice(-30)
    const { counters } = this.#book
    const isRising = counters.ids().some((id) => counters.judge(id, ANY_LIMITS).type === 'risen')
    const isLeaking = this.#listeners.growing().length > 0
    const mayRaise = this.#context.isUp() && !this.#isLooking && this.#raised.isFree(now)
    if ((isRising || isLeaking) && mayRaise) void this.#look(now)
  }

  readonly metrics = (): MetricReadings => {
    const [errors, warnings, infos, debugs] = LEVELS.map((level) => numberAt(this.#reading, level))
    const writtenBytes = numberAt(this.#reading, 'bytes')
    return {
      counters: {
        errors: errors ?? null,
        warnings: warnings ?? null,
        infos: infos ?? null,
        debugs: debugs ?? null,
        writtenBytes,
      },
    }
  }

  /** Open connections, of which the skill handles knows. */
  #connections(): number | undefined {
    const { history, skills } = this.#context
    if (!skills.includes('handles')) return undefined
    const open = (what: string): number => history.last(`handles_${what}`)?.value ?? 0
    return open('connectionsOpen') + open('socketsOpen')
  }

  async #look(now: number): Promise<void> {
    this.#isLooking = true
    try {
      const rising = (await this.#rows()).filter((row) => row['reportable'] === true)
      const leaking = await this.#leaks()
      const [worst] = [...rising, ...leaking]
      if (worst === undefined) return
      const key = `${textOf(worst['level'], 'listeners')}:${textOf(worst['event'], '')}${Number(worst['id'] ?? 0)}`
      if (!this.#raised.take(key, now)) return
      const severity = worst['severity'] === 'critical' ? 'critical' : 'warning'
      this.#context.raise({
        skill: 'logger',
        key,
        severity,
        reason: `${textOf(worst['observation'])}.`,
      })
    } catch {
      // Main does not answer: the next reading looks again.
    } finally {
      this.#isLooking = false
    }
  }

  async #leaks(): Promise<JsonRecord[]> {
    if (this.#listeners.growing().length === 0) return []
    const rows = await this.#listeners.rows(this.#context.access, this.#context)
    return rows.filter((row) => row['reportable'] === true)
  }

  async #rows(): Promise<JsonRecord[]> {
    const { counters } = this.#book
    const now = epochMs()
    const rows = (await this.#book.patterns()).map((pattern) => {
      const rise = counters.judge(pattern.id, LIMITS[pattern.kind] ?? ANY_LIMITS)
      const count1m = this.#book.within(pattern, MINUTE_MS, now)
      const count5m = this.#book.within(pattern, 5 * MINUTE_MS, now)
      return logRow(pattern, { rise, count1m, count5m, now }, this.#context)
    })
    return rows.sort((left, right) => weight(right) - weight(left))
  }

  #snapshot(): JsonRecord {
    const count = (id: number): number => this.#levels.within(id, MINUTE_MS)
    const [error, warn, info, debug] = [count(0), count(1), count(2), count(3)]
    const lines = error + warn + info + debug
    const spanSeconds = Math.max(1, Math.min(MINUTE_MS, this.#levels.spanMs) / 1000)
    const { counters } = this.#book
    const [first, last] = [this.#bytes[0], this.#bytes.at(-1)]
    const bytes = (last?.count ?? 0) - (first?.count ?? 0)
    const bytesMs = Math.max(1, (last?.at ?? 0) - (first?.at ?? 0))
    return {
      lineCount1m: lines,
      errorCount1m: error,
      warnCount1m: warn,
      linesPerSecond: Math.round((lines / spanSeconds) * 100) / 100,
      errorsPerSecond: Math.round((error / spanSeconds) * 100) / 100,
      errorSharePct: lines === 0 ? 0 : Math.round((100 * error) / lines),
      writtenKbPerSecond: Math.round(bytes / bytesMs),
      risingPatterns: counters.ids().filter((id) => counters.judge(id, ANY_LIMITS).type === 'risen')
        .length,
      leakingListeners: this.#listeners.growing().length,
      watchedSeconds: Math.round(this.#levels.spanMs / 1000),
    }
  }
}

const RANK: Record<string, number> = { critical: 2, warning: 1, info: 0 }

function weight(row: JsonRecord): number {
  const isBad = row['level'] === 'error' ? 2 : row['level'] === 'warn' ? 1 : 0
  return (RANK[textOf(row['severity'])] ?? 0) * 1e12 + isBad * 1e9 + Number(row['count1m'] ?? 0)
}
