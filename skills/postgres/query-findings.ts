/** Findings about queries, in words and with places. */
import type { JsonRecord } from '../json.ts'
import { type LockRoot, lockRoots, slowCauseOf } from './cause.ts'
import { failureIn, type Rows, rowsIn } from './database.ts'
import { findingOf, UNKNOWN_PLACE, type World } from './finding.ts'
import { readPlan } from './plan.ts'
import { errorWords, lockWords, runWords, slowWords, stuckWords } from './query-words.ts'
import type { ErrorTrouble, RunTrouble, SlowTrouble, StuckTrouble } from './trouble.ts'

/** A lock that is waited for so long is the reason why a statement is slow. */
const LOCK_FROM_MS = 200

/** Times below so many times the lateness of the loop need a plan that explains them. */
const LATE_FACTOR = 3
/** A statement of which no usual time is known is slow from here on. */
const SLOW_FROM_MS = 100

/** A statement that is slow or does not end; `answers` is what the database says of it. */
export function slowRow(
  trouble: SlowTrouble | StuckTrouble,
  { book }: World,
  answers: ReadonlyMap<string, Rows>,
): JsonRecord | undefined {
  const { id, rowsPerCall } = trouble.statement
  const place = book.caller(id)
  const text = book.text(id) ?? '?'
  const root = lockRootOf(trouble, book, rowsIn(answers, 'activity'))
  if (root !== undefined && (trouble.kind === 'stuck' || root.waitMs > LOCK_FROM_MS))
    return lockRow(trouble, book, root)
  if (place === undefined) return undefined
  if (trouble.kind === 'stuck')
    return findingOf('slow_query', trouble, place, stuckWords(trouble, place.text, text), {
      confidence: 'low',
      statement: text,
      planFailed: failureIn(answers, 'activity'),
    })
  const plan = readPlan(rowsIn(answers, 'plan'))
  const [tables, indexes] = [rowsIn(answers, 'tables'), rowsIn(answers, 'indexes')]
  const cause = slowCauseOf(plan, tables, indexes, rowsPerCall)
  if (cause.type === 'unknown' && !isSlowInItself(trouble)) return undefined
  return findingOf('slow_query', trouble, place, slowWords(trouble, place.text, text, cause), {
    confidence: cause.type === 'unknown' ? 'low' : cause.type === 'no-index' ? 'high' : 'medium',
    statement: text,
    meanMs: trouble.meanMs,
    callsPerSecond: trouble.callsPerSecond,
    sharePct: trouble.share * 100,
    plan: plan?.outline ?? null,
    planCost: plan?.totalCost ?? null,
    planFailed: failureIn(answers, 'plan'),
  })
}

/** Without a plan that explains it: not just called more often, nor late because the loop is. */
function isSlowInItself({ meanMs, normalMs, loopLateMs }: SlowTrouble): boolean {
  const isSlower = normalMs === undefined ? meanMs >= SLOW_FROM_MS : meanMs >= 2 * normalMs
  return isSlower && meanMs >= LATE_FACTOR * loopLateMs
}

/**
 * The transaction that executions of this statement wait for; others may queue in the same database.
 *
 * Where the server does not say it (it is too busy to answer, or a pooler gives other process ids), a client
 * of ours that rests inside a transaction is the likely one.
 */
function lockRootOf(
  trouble: SlowTrouble | StuckTrouble,
  { details }: World['book'],
  activity: readonly JsonRecord[],
): LockRoot | undefined {
  const waiting = details.clients
    .filter(({ statement, restsMs }) => statement === trouble.statement.id && restsMs === 0)
    .map(({ backend }) => backend)
  const said = lockRoots(activity).find(({ waiters }) =>
    waiters.some((pid) => waiting.includes(pid)),
  )
  if (said !== undefined || trouble.kind === 'slow') return said
  const [holder] = details.clients
    .filter(({ inTransaction, restsMs }) => inTransaction && restsMs > LOCK_FROM_MS)
    .toSorted((left, right) => right.restsMs - left.restsMs)
  if (holder === undefined) return undefined
  return {
    pid: holder.backend,
    application: 'this process',
    transactionMs: Math.max(holder.heldMs, holder.restsMs),
    idleMs: holder.restsMs,
    waiters: waiting,
    waitMs: trouble.statement.oldestActiveMs,
    isGuess: true,
  }
}

function lockRow(
  trouble: SlowTrouble | StuckTrouble,
  book: World['book'],
  root: LockRoot,
): JsonRecord {
  const text = book.text(trouble.statement.id) ?? '?'
  const place = book.caller(trouble.statement.id)
  const client = book.details.clients.find(({ backend }) => backend === root.pid)
  const holder =
    client === undefined ? undefined : (book.place(client.site) ?? book.caller(client.statement))
  const words = lockWords(
    {
      text,
      place: place?.text ?? UNKNOWN_PLACE,
      waitMs: root.waitMs,
      waiters: root.waiters.length,
    },
    {
      ...root,
      place: holder?.text,
      isReleased: client?.isReleased === true,
      statement: book.text(client?.statement ?? 0),
    },
  )
  return findingOf('lock', trouble, holder ?? place, words, {
    confidence: holder === undefined || root.isGuess === true ? 'medium' : 'high',
    blockerPid: root.pid,
    waiters: root.waiters.length,
    longestWaitMs: root.waitMs,
    transactionMs: root.transactionMs,
    waitingStatement: text,
  })
}

export function runRow(trouble: RunTrouble, { book }: World): JsonRecord | undefined {
  const { statement, length, runMs } = trouble
  const place = book.caller(statement.id)
  const text = book.text(statement.id) ?? '?'
  if (place === undefined) return undefined
  const leader = book.text(book.statement(statement.id)?.leader ?? 0)
  const words = runWords(trouble, place.text, text, leader)
  return findingOf('n_plus_one', trouble, place, words, {
    confidence: 'high',
    statement: text,
    repetitions: length,
    requestMs: runMs,
  })
}

export function errorRow(trouble: ErrorTrouble, { book }: World): JsonRecord {
  const { statement, errors } = trouble
  const detail = book.statement(statement)
  const codes = statement === 0 ? book.details.connectErrors : (detail?.codes ?? {})
  const [code = 'unknown'] =
    Object.entries(codes).toSorted((left, right) => right[1] - left[1])[0] ?? []
  const place = statement === 0 ? undefined : book.caller(statement)
  const words = errorWords(trouble, place?.text, detail?.text ?? '', {
    code,
    message: detail?.lastError ?? '',
  })
  return findingOf('errors', trouble, place, words, { confidence: 'medium', code, errors })
}
