/**
 * The book of what is spent, and its bounds: tokens and dollars for a run, an hour and a day. Hours
 * and days are those of UTC, so that it is plain when a bound falls away. A call reserves what it
 * may cost before it starts; what it did cost replaces that afterwards.
 */

/** Bounds of one span; absent: none. Dollars count only for models whose price is known. */
export interface SpendingLimit {
  readonly tokens?: number
  readonly usd?: number
}

export interface SpendingLimits {
  readonly run?: SpendingLimit
  readonly hour?: SpendingLimit
  readonly day?: SpendingLimit
}

export type Span = keyof SpendingLimits

/** What was spent. */
export interface Spent {
  readonly tokens: number
  readonly usd: number
}

/** A reservation; `settle` must be called once, with what the call did cost. */
export type Reservation =
  | { readonly ok: true; settle(actual: Spent): void }
  | {
      readonly ok: false
      readonly span: Span
      /** Tokens or dollars of the bound, in words. */
      readonly bound: string
      /** When the bound falls away, epoch milliseconds; absent for a run. */
      readonly resetAt?: number
    }

const hourMs = 3_600_000
const dayMs = 86_400_000
/** Runs whose spending is remembered; the oldest is forgotten first. */
const maximumRuns = 1_000

interface Account {
  tokens: number
  usd: number
}

export class Spending {
  readonly #limits: SpendingLimits
  readonly #accounts = new Map<string, Account>()

  constructor(limits: SpendingLimits) {
    this.#limits = limits
  }

  /** Reserves an estimate, or says which bound it would pass. */
  reserve(runId: string, estimate: Spent, now: number): Reservation {
    const spans = spansAt(runId, now)
    for (const { span, key, resetAt } of spans) {
      const bound = this.#passedBound(span, this.#account(key), estimate)
      if (bound !== undefined)
        return { ok: false, span, bound, ...(resetAt === undefined ? {} : { resetAt }) }
    }
    const accounts = spans.map(({ key }) => this.#account(key))
    for (const account of accounts) add(account, estimate, 1)
    this.#forgetOld(now)
    return {
      ok: true,
      settle: (actual) => {
        for (const account of accounts) {
          add(account, estimate, -1)
          add(account, actual, 1)
        }
      },
    }
  }

  /** What a run, this hour and this day have spent so far, reservations included. */
  spent(runId: string, now: number): Record<Span, Spent> {
    const [run, hour, day] = spansAt(runId, now).map(({ key }) => ({ ...this.#account(key) }))
    const none = { tokens: 0, usd: 0 }
    return { run: run ?? none, hour: hour ?? none, day: day ?? none }
  }

  #passedBound(span: Span, account: Account, estimate: Spent): string | undefined {
    const limit = this.#limits[span]
    if (limit?.tokens !== undefined && account.tokens + estimate.tokens > limit.tokens)
      return `${limit.tokens} tokens`
    if (limit?.usd !== undefined && account.usd + estimate.usd > limit.usd) return `$${limit.usd}`
    return undefined
  }

  #account(key: string): Account {
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const fresh = { tokens: 0, usd: 0 }
    this.#accounts.set(key, fresh)
    return fresh
  }

  #forgetOld(now: number): void {
    const current = spansAt('', now).map(({ key }) => key)
    const keys = [...this.#accounts.keys()]
    const runs = keys.filter((key) => key.startsWith('run:'))
    const past = keys.filter((key) => !key.startsWith('run:') && !current.includes(key))
    const oldest = runs.slice(0, Math.max(runs.length - maximumRuns, 0))
    for (const key of [...past, ...oldest]) this.#accounts.delete(key)
  }
}

function add(account: Account, amount: Spent, sign: 1 | -1): void {
  account.tokens += sign * amount.tokens
  account.usd += sign * amount.usd
}

function spansAt(runId: string, now: number): { span: Span; key: string; resetAt?: number }[] {
  const hour = Math.floor(now / hourMs)
  const day = Math.floor(now / dayMs)
  return [
    { span: 'run', key: `run:${runId}` },
    { span: 'hour', key: `hour:${hour}`, resetAt: (hour + 1) * hourMs },
    { span: 'day', key: `day:${day}`, resetAt: (day + 1) * dayMs },
  ]
}
