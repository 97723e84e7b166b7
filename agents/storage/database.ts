/**
 * The embedded database: SQLite, through a binding with prebuilt binaries. It is loaded when a
 * database is opened and not before: it is a native addon of 10 MB.
 */
import { createRequire } from 'node:module'

/** What a column holds. */
export type Value = string | number | null
/** One row, by column. Values are what the file holds: check them. */
export type Row = Readonly<Record<string, unknown>>

/** An open database file; everything is synchronous. */
export interface Database {
  /** Runs one statement and returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number
  all(sql: string, ...values: Value[]): Row[]
  /** Runs several statements that take no values. */
  script(sql: string): void
  /** All of the work or none of it; nobody else writes meanwhile. */
  transaction<Result>(work: () => Result): Result
  /** Harmless when repeated. */
  close(): void
}

interface BoundStatement {
  run(...values: Value[]): { readonly changes: number }
  all(...values: Value[]): Row[]
}

interface Binding {
  prepare(sql: string): BoundStatement
  exec(sql: string): void
  close(): void
}

type BindingClass = new (file: string, options: { readonly timeout: number }) => Binding

/** The code that SQLite's errors carry: `SQLITE_BUSY`, `SQLITE_FULL`. */
export function databaseErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * Opens a file, or makes it.
 *
 * @param busyMs Milliseconds to wait, blocking, for another process that is writing.
 * @throws {Error} The binding has no binary for this platform, or the file cannot be opened.
 */
export function openDatabase(file: string, { busyMs }: { readonly busyMs: number }): Database {
  // `require`, because an import goes over the thread pool, which the application may keep busy.
  const require = createRequire(import.meta.url)
  const Libsql: BindingClass = require('libsql')
  return new StatementCache(new Libsql(file, { timeout: busyMs }))
}

class StatementCache implements Database {
  readonly #binding: Binding
  readonly #statements = new Map<string, BoundStatement>()
  #isClosed = false

  constructor(binding: Binding) {
    this.#binding = binding
  }

  run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  script(sql: string): void {
    this.#binding.exec(sql)
  }

  transaction<Result>(work: () => Result): Result {
    this.script('begin immediate')
    try {
      const result = work()
      this.script('commit')
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#statements.clear()
    this.#binding.close()
  }

  /** SQLite has done it already after some errors, and says so with another. */
  #rollBack(): void {
    try {
      this.script('rollback')
    } catch {
      // nothing is left to undo
    }
  }

  #statement(sql: string): BoundStatement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#binding.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }
}
