import type { MainAnswer } from '../gateway/main-access.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { Book } from './book.ts'
import { exhaustedRow, heldRow, leakRow, looseRow, openRow } from './connection-findings.ts'
import type { Database, Rows } from './database.ts'
import type { World } from './finding.ts'
import { errorRow, runRow, slowRow } from './query-findings.ts'
import { isDetails, type PostgresDetails } from './reading.ts'
import {
  type PoolTrouble,
  rootsOf,
  type SlowTrouble,
  type StuckTrouble,
  type Trouble,
} from './trouble.ts'
import { busiestOf } from './verdicts.ts'
import type { PostgresWatch } from './watch.ts'

/** Findings are good for so long: one look at the database serves all steps of an investigation. */
const FRESH_MS = 6000

const NO_DETAILS: PostgresDetails = {
  sites: [],
  statements: [],
  releasedInTransaction: [],
  connectErrors: {},
  clients: [],
}

/** Turns troubles into rows with names, places and causes. */
export class Findings {
  readonly #context: SkillContext
  readonly #watch: PostgresWatch
  readonly #database: Database
  #known: { goodUntil: number; readonly rows: Promise<JsonRecord[]> } | undefined

  constructor(context: SkillContext, watch: PostgresWatch, database: Database) {
    this.#context = context
    this.#watch = watch
    this.#database = database
  }

  /** @throws {SkillFailure} Main did not answer. */
  async book(): Promise<Book> {
    const ask = (): Promise<MainAnswer> =>
      this.#context.access.invoke('postgres.details', { ids: [] }, { timeoutMs: 1500 })
    // A machine without a free CPU may need a second try for a function that takes a millisecond.
    const { value } = await ask().catch(ask)
    return new Book(isDetails(value) ? value : NO_DETAILS, this.#context)
  }

  /** Worst first. What is a mere consequence of another trouble is no row of its own. */
  async rows(now: number): Promise<JsonRecord[]> {
    if (this.#known === undefined || now > this.#known.goodUntil) {
      const known = { goodUntil: Number.POSITIVE_INFINITY, rows: this.#make(now) }
      this.#known = known
      const settle = (): void => {
        known.goodUntil = Date.now() + FRESH_MS
      }
      known.rows.then(settle, () => {
        this.#known = undefined
      })
    }
    return this.#known.rows
  }

  async #make(now: number): Promise<JsonRecord[]> {
    const troubles = this.#watch.troubles(now)
    if (troubles.length === 0) return []
    const world = { book: await this.book(), history: this.#watch.history, context: this.#context }
    const roots = rootsOf(troubles)
    const rows = await this.#rowsOf(roots, world)
    // What looked like a cause and is none leaves its consequences to be told by themselves.
    return rows.length > 0
      ? rows
      : this.#rowsOf(
          troubles.filter((trouble) => !roots.includes(trouble)),
          world,
        )
  }

  async #rowsOf(troubles: readonly Trouble[], world: World): Promise<JsonRecord[]> {
    const rows = await Promise.all(troubles.map((trouble) => this.#row(trouble, world)))
    return rows.filter((row) => row !== undefined)
  }

  async #row(trouble: Trouble, world: World): Promise<JsonRecord | undefined> {
    switch (trouble.kind) {
      case 'leak':
        return leakRow(trouble, world)
      case 'pool':
        return heldRow(trouble, world) ?? (await this.#busyRow(trouble, world))
      case 'open':
        return openRow(trouble, world)
      case 'slow':
      case 'stuck':
        return slowRow(trouble, world, await this.#answers(trouble))
      case 'run':
        return runRow(trouble, world)
      case 'loose':
        return looseRow(trouble, world)
      case 'errors':
        return errorRow(trouble, world)
    }
  }

  /** All clients run queries: if most of them run the same one, and it is known why it is slow, that is the cause. */
  async #busyRow(trouble: PoolTrouble, world: World): Promise<JsonRecord> {
    const { history } = world
    const busiest = busiestOf(history.intervals, history.normal())
    if (busiest === undefined) return exhaustedRow(trouble, world)
    const { severity } = trouble
    const row = slowRow({ ...busiest, severity }, world, await this.#answers(busiest))
    return row === undefined || row['confidence'] === 'low' ? exhaustedRow(trouble, world) : row
  }

  #answers({ statement }: SlowTrouble | StuckTrouble): Promise<ReadonlyMap<string, Rows>> {
    const [pool] = this.#watch.last?.pools ?? []
    return this.#database.ask(pool?.id ?? 0, ['activity', 'tables', 'indexes'], statement.id)
  }
}
