import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { Book } from './book.ts'
import { leakRow, looseRow, openRow, poolRow } from './connection-findings.ts'
import type { Database } from './database.ts'
import type { World } from './finding.ts'
import { errorRow, runRow, slowRow } from './query-findings.ts'
import { isDetails } from './reading.ts'
import { rootsOf, type Trouble } from './trouble.ts'
import type { PostgresWatch } from './watch.ts'

/** Findings are good for so long: one look at the database serves all steps of an investigation. */
const FRESH_MS = 6000

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

  async book(): Promise<Book> {
    const call = { timeoutMs: 1500 }
    const { value } = await this.#context.access.invoke('postgres.details', { ids: [] }, call)
    const none = {
      sites: [],
      statements: [],
      releasedInTransaction: [],
      connectErrors: {},
      clients: [],
    }
    return new Book(isDetails(value) ? value : none, this.#context)
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
        return poolRow(trouble, world)
      case 'open':
        return openRow(trouble, world)
      case 'slow':
      case 'stuck': {
        const names = ['activity', 'tables', 'indexes'] as const
        const [pool] = this.#watch.last?.pools ?? []
        return slowRow(
          trouble,
          world,
          await this.#database.ask(pool?.id ?? 0, names, trouble.statement.id),
        )
      }
      case 'run':
        return runRow(trouble, world)
      case 'loose':
        return looseRow(trouble, world)
      case 'errors':
        return errorRow(trouble, world)
    }
  }
}
