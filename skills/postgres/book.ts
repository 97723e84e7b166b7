import type { SkillContext } from '../gateway/outside-part.ts'
import type { Wanted } from './helper.ts'
import { type Place, placeOf } from './place.ts'
import type { PostgresDetails, SiteDetail, StatementDetail } from './reading.ts'

/** Everything main knows of texts and places, by id. */
export class Book {
  readonly details: PostgresDetails
  readonly #context: SkillContext

  constructor(details: PostgresDetails, context: SkillContext) {
    this.details = details
    this.#context = context
  }

  site(id: number): SiteDetail | undefined {
    return this.details.sites.find((site) => site.id === id)
  }

  /** Where a client was checked out, or a query asked for. */
  place(id: number, wanted: Wanted = 'client'): Place | undefined {
    const site = this.site(id)
    return site === undefined ? undefined : placeOf(site.sites, wanted, this.#context)
  }

  statement(id: number): StatementDetail | undefined {
    return this.details.statements.find((statement) => statement.id === id)
  }

  text(id: number): string | undefined {
    return this.statement(id)?.text
  }

  /** Where the statement is run most. */
  caller(id: number): Place | undefined {
    const [first] = this.statement(id)?.callers ?? []
    return first === undefined ? undefined : this.place(first.site, 'query')
  }

  /** Where the first statement with such a text is run most. */
  callerOf(pattern: RegExp): Place | undefined {
    const found = this.details.statements.find(({ text }) => pattern.test(text))
    return found === undefined ? undefined : this.caller(found.id)
  }
}
