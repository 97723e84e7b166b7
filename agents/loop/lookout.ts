/**
 * The watch of one skill between the turns of its operator, as a pure function: what was seen, what
 * the model knows of it, and whether the model is asked now. A healthy day costs no tokens, because
 * nothing but the gate looks: the skill's watch rules, and what the baselines and the gateway raise.
 */
import { severityRank } from '../vocabulary/fields.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import { type Ask, budgetHold, gateOf } from './lookout-gate.ts'
import {
  type Finding,
  type Lookout,
  type LookoutEffect,
  type LookoutEvent,
  type LookoutOptions,
  type LookoutStep,
  lookoutBounds,
} from './lookout-state.ts'
import { unreachable } from './unreachable.ts'

/** A lookout that has seen nothing yet. */
export function startLookout(skill: string, options: LookoutOptions, at: number): Lookout {
  return {
    skill,
    options,
    startedAt: at,
    health: 'healthy',
    reason: 'nothing was seen yet',
    since: at,
    isAsking: false,
    seen: [],
    known: [],
    told: [],
    asks: [],
    failures: 0,
    unreadable: 0,
    clearLooks: 0,
    reminders: 0,
    holdUntil: 0,
    heldTold: 0,
  }
}

/** One step. */
export function stepLookout(lookout: Lookout, event: LookoutEvent): LookoutStep {
  switch (event.type) {
    case 'looked':
      return decide(seen(lookout, event.findings), event.at)
    case 'look-failed':
      return unread(lookout, event.message, event.at)
    case 'signalled':
      return decide({ ...lookout, signal: event.reason }, event.at)
    case 'ask-ended':
      return ended(lookout, event)
    default:
      return unreachable(event)
  }
}

/** Milliseconds to the next look: the usual distance, or sooner if the model wants to be woken. */
export function nextLookMs({ options, wakeAt, isAsking }: Lookout, now: number): number {
  if (wakeAt === undefined || isAsking) return options.lookMs
  return Math.min(options.lookMs, Math.max(lookoutBounds.shortestLookMs, wakeAt - now))
}

function seen(lookout: Lookout, found: readonly Finding[]): Lookout {
  const findings = found.filter(({ severity }) => severity !== 'info')
  const before = (type: string): number => lookout.seen.find((one) => one.type === type)?.looks ?? 0
  const isClear = !findings.some(({ type }) => lookout.known.some((one) => one.type === type))
  const clearLooks = isClear ? lookout.clearLooks + 1 : 0
  // What was called harmless and is gone is news when it comes again.
  const isOver = lookout.health === 'healthy' && clearLooks >= lookoutBounds.clearLooks
  return {
    ...lookout,
    unreadable: 0,
    seen: findings.map((one) => ({ ...one, looks: before(one.type) + 1 })),
    clearLooks,
    known: isOver ? [] : lookout.known,
  }
}

/** A failed reading is no healthy one. Main may be stuck; what blocks it is signalled by itself. */
function unread(lookout: Lookout, message: string, at: number): LookoutStep {
  const unreadable = lookout.unreadable + 1
  const next = { ...lookout, unreadable }
  if (unreadable !== lookoutBounds.unreadableLooks || lookout.health !== 'healthy')
    return [next, []]
  return changed(byRules(next), 'observing', `no snapshot could be taken (${message})`, at)
}

function decide(lookout: Lookout, at: number): LookoutStep {
  const ask = gateOf(lookout, at)
  if (lookout.isAsking || ask === undefined) return recovered(lookout, at)
  const hold = budgetHold(lookout, at)
  return hold === undefined ? asked(lookout, ask, at) : held(lookout, ask, hold, at)
}

/** What the rules attested they take back: it can be read again, nothing is out of its bounds. */
function recovered(lookout: Lookout, at: number): LookoutStep {
  const { attested, known, seen: findings, isAsking, unreadable } = lookout
  const isOurs = attested === undefined && known.length === 0
  if (!isOurs || isAsking || unreadable > 0 || findings.length > 0) return [lookout, []]
  return changed(lookout, 'healthy', 'every value that was looked at is within its bounds', at)
}

function byRules(lookout: Lookout): Lookout {
  const { attested: _, ...rest } = lookout
  return rest
}

function asked(lookout: Lookout, ask: Ask, at: number): LookoutStep {
  const { signal: _, wakeAt: __, ...rest } = lookout
  const isReminder = ask.why === 'reminder'
  const reminders = isReminder ? lookout.reminders + 1 : 0
  const next: Lookout = {
    ...rest,
    isAsking: true,
    known: ask.why === 'cleared' ? [] : withFindings(lookout, ask.findings),
    knownBefore: lookout.known,
    reminders,
    remindAt: at + lookoutBounds.firstReminderMs * 2 ** Math.min(reminders, 5),
    clearLooks: 0,
  }
  const { why, reason } = ask
  const { skill, health, note, told, startedAt } = lookout
  const frame = {
    since: new Date(startedAt).toISOString(),
    state: health,
    opened: reason,
    ...(note === undefined ? {} : { note }),
    told,
  }
  return [
    next,
    [
      { type: 'ask', why, reason, frame },
      { type: 'tell', event: 'gate-opened', data: { skill, why, reason } },
    ],
  ]
}

function withFindings({ known }: Lookout, findings: readonly Finding[]): Lookout['known'] {
  const others = known.filter(({ type }) => !findings.some((one) => one.type === type))
  return [...others, ...findings.map(({ type, severity }) => ({ type, severity }))]
}

/** The model is not asked, so the rules attest what they see. */
function held(lookout: Lookout, ask: Ask, why: string, at: number): LookoutStep {
  const { signal: _, ...rest } = lookout
  const isTold = at - lookout.heldTold < lookoutBounds.heldAgainMs
  const next: Lookout = isTold ? rest : { ...rest, heldTold: at }
  const data = { skill: lookout.skill, why, reason: ask.reason }
  const told: LookoutEffect[] = isTold ? [] : [{ type: 'tell', event: 'gate-held', data }]
  const worst = ask.findings.reduce<Finding | undefined>(
    (most, one) =>
      most === undefined || severityRank(one.severity) > severityRank(most.severity) ? one : most,
    undefined,
  )
  if (worst === undefined || worst.severity === 'info') return [next, told]
  const [after, effects] = changed(
    byRules(next),
    worst.severity,
    `${worst.observation} (by rule)`,
    at,
  )
  return [after, [...told, ...effects]]
}

function ended(lookout: Lookout, event: Extract<LookoutEvent, { type: 'ask-ended' }>): LookoutStep {
  const { at, outcome } = event
  const { knownBefore, ...rest } = lookout
  const asks = [...lookout.asks, { at, tokens: outcome.tokens }].filter(
    (one) => at - one.at < lookoutBounds.dayMs,
  )
  if (!outcome.ok) {
    const failures = lookout.failures + 1
    const holdMs = Math.min(lookoutBounds.longestHoldMs, 60_000 * 2 ** (failures - 1))
    const known = knownBefore ?? lookout.known
    const data = { skill: lookout.skill, message: outcome.message, failures, holdMs }
    return [
      { ...rest, isAsking: false, asks, known, failures, holdUntil: at + holdMs },
      [{ type: 'tell', event: 'ask-failed', data }],
    ]
  }
  const told = [...lookout.told, ...outcome.told].slice(-lookoutBounds.told)
  const { note, wakeAfterMs } = outcome
  const next: Lookout = {
    ...rest,
    isAsking: false,
    asks,
    failures: 0,
    told,
    attested: 'model',
    ...(note === undefined ? {} : { note }),
    ...(wakeAfterMs === undefined || outcome.state === 'healthy'
      ? {}
      : { wakeAt: at + wakeAfterMs }),
  }
  const settled =
    outcome.state === 'healthy' ? { ...next, known: seenAsKnown(next), told: [] } : next
  return changed(settled, outcome.state, note ?? 'so its operator said', at)
}

/** What is still out of its bounds, though the model calls it healthy, is not told again and again. */
function seenAsKnown({ seen: findings }: Lookout): Lookout['known'] {
  return findings.map(({ type, severity }) => ({ type, severity }))
}

function changed(
  lookout: Lookout,
  health: OperatorHealth,
  reason: string,
  at: number,
): LookoutStep {
  if (health === lookout.health) return [{ ...lookout, reason }, []]
  const data = { skill: lookout.skill, from: lookout.health, to: health, reason }
  return [
    { ...lookout, health, reason, since: at },
    [{ type: 'tell', event: 'state-changed', data }],
  ]
}
