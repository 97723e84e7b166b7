/** The gate before the model of a continuous operator: whether it is asked now, and why. */
import { severityRank } from '../vocabulary/fields.ts'
import { type AskReason, type Finding, type Lookout, lookoutBounds } from './lookout-state.ts'

/** A question to the model that is due. */
export interface Ask {
  readonly why: AskReason
  /** In words, with numbers. */
  readonly reason: string
  /** What the rules see. */
  readonly findings: readonly Finding[]
}

/** The question that is due now; undefined: the gate stays shut, and nothing is paid. */
export function gateOf(lookout: Lookout, at: number): Ask | undefined {
  if (at < lookout.holdUntil) return undefined
  const findings = confirmed(lookout)
  const { signal } = lookout
  if (signal !== undefined) return { why: 'signal', reason: signal, findings }
  const news = findings.filter((one) => isWorse(lookout, one))
  if (news.length > 0) return { why: 'rules', reason: observations(news), findings }
  return onTime(lookout, findings, at)
}

/** Without news the model is asked only while it has not called the skill healthy. */
function onTime(lookout: Lookout, findings: readonly Finding[], at: number): Ask | undefined {
  const { health, wakeAt, remindAt, known, clearLooks } = lookout
  if (health === 'healthy') return undefined
  if (known.length > 0 && clearLooks >= lookoutBounds.clearLooks) {
    const types = known.map(({ type }) => type).join(', ')
    const reason = `No longer out of bounds for ${clearLooks} looks: ${types}.`
    return { why: 'cleared', reason, findings }
  }
  if (wakeAt !== undefined && at >= wakeAt) {
    return { why: 'pace', reason: 'You wanted to look again now.', findings }
  }
  if (findings.length > 0 && remindAt !== undefined && at >= remindAt) {
    return { why: 'reminder', reason: `It goes on: ${observations(findings)}`, findings }
  }
  return undefined
}

/** One odd reading is no finding, unless it is critical. */
function confirmed({ seen }: Lookout): readonly Finding[] {
  return seen.filter(
    ({ severity, looks }) => severity === 'critical' || looks >= lookoutBounds.confirmLooks,
  )
}

function isWorse({ known }: Lookout, { type, severity }: Finding): boolean {
  const before = known.find((one) => one.type === type)
  return before === undefined || severityRank(severity) > severityRank(before.severity)
}

function observations(findings: readonly Finding[]): string {
  return findings.map(({ observation }) => observation).join(' ')
}

/** Which bound forbids the question, if one does. */
export function budgetHold({ asks, options }: Lookout, at: number): string | undefined {
  const inLastHour = asks.filter((one) => at - one.at < lookoutBounds.hourMs).length
  if (inLastHour >= options.asksPerHour) return 'asks-per-hour'
  const tokens = asks
    .filter((one) => at - one.at < lookoutBounds.dayMs)
    .reduce((sum, one) => sum + one.tokens, 0)
  return tokens >= options.tokensPerDay ? 'tokens-per-day' : undefined
}
