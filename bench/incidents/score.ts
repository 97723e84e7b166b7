/**
 * Scores a run by the rules that the README of the shared set states (pure): detected 0.15; in time
 * 0.10; root cause of the first claim 0.40; file 0.15; function 0.10; remedy 0.10; a wrong claim
 * costs 0.20 and the root cause; precision scales the whole.
 */
import type { Claim } from './claim.ts'
import { judge, type Verdict } from './judge.ts'
import type { Truth } from './truth.ts'

const weights = {
  detected: 0.15,
  inTime: 0.1,
  rootCause: 0.4,
  file: 0.15,
  function: 0.1,
  remedy: 0.1,
  wrong: 0.2,
}
/** Detection within this time of the fault has full credit; it falls to nothing at the end. */
const inTimeMs = 8_000
/** What is written while the service is being stopped still belongs to the run. */
const graceMs = 3_000
const severities = ['info', 'warning', 'critical'] as const
const confidences = ['low', 'medium', 'high'] as const

/** When the phases of a run began, epoch milliseconds. */
export interface Phases {
  readonly baseline: number
  readonly fault: number
  readonly end: number
}

/** A control's result: what was said, and nothing should have been. */
export interface ControlScore {
  readonly type: 'control'
  readonly id: string
  readonly category: string
  readonly falseAlarms: readonly string[]
}

/** An incident's result. Times are seconds from the beginning of the fault. */
export interface IncidentScore {
  readonly type: 'incident'
  readonly id: string
  readonly category: string
  readonly score: number
  readonly isDetected: boolean
  readonly detectedAfterSeconds: number | undefined
  readonly rootCauseAfterSeconds: number | undefined
  /** The first claim by rank is the root cause; or any claim is. */
  readonly isRootCauseFirst: boolean
  readonly isRootCauseAnywhere: boolean
  readonly verdict: Verdict
  /** Claims that do not say they are consequences; and the share of them that is right. */
  readonly claims: number
  readonly precision: number
  /** Claims of `warning` or above before the fault. */
  readonly falseAlarms: readonly string[]
  readonly wrongClaims: readonly string[]
  readonly firstStatement: string | undefined
}

export type RunScore = ControlScore | IncidentScore

/**
 * Scores the claims of one run: a result for each of its faults. What is right about another fault
 * is not held against this one. A further fault's id ends in `+2`, `+3`, ….
 */
export function scoreRun(
  truth: Truth,
  phases: Phases,
  claims: readonly Claim[],
): readonly RunScore[] {
  const faults = [truth, ...truth.also]
  return faults.map((fault, index) => {
    const others = faults.filter((other) => other !== fault)
    const isOfAnother = (claim: Claim): boolean =>
      !judge(fault, claim).isRootCause && others.some((other) => judge(other, claim).isRootCause)
    const id = index === 0 ? truth.id : `${truth.id}+${index + 1}`
    const own = truth.isHealthy ? claims : claims.filter((claim) => !isOfAnother(claim))
    return scoreFault({ ...truth, ...fault, id }, phases, own)
  })
}

function scoreFault(truth: Truth, phases: Phases, claims: readonly Claim[]): RunScore {
  const alarms = claims.filter(({ severity }) => severity !== 'info')
  const { id, category } = truth
  if (truth.isHealthy) {
    const during = alarms.filter(({ at }) => at === undefined || at <= phases.end + graceMs)
    return { type: 'control', id, category, falseAlarms: during.map(headline) }
  }
  const early = alarms.filter(({ at }) => at !== undefined && at < phases.fault)
  const ranked = rank(alarms.filter((claim) => !early.includes(claim)))
  const judged = ranked.map((claim) => ({ claim, verdict: judge(truth, claim) }))
  const right = judged.filter(({ verdict }) => verdict.isRootCause)
  const [first] = judged
  const primary = judged.filter(({ claim }) => !claim.isConsequence)
  const precision =
    primary.length === 0
      ? 0
      : primary.filter(({ verdict }) => verdict.isRootCause).length / primary.length
  const verdict = first?.verdict ?? nothingSaid
  const isDetected = first !== undefined
  const detectedAfterSeconds = earliestSeconds(ranked, phases)
  return {
    type: 'incident',
    id,
    category,
    score: points({ verdict, isDetected, detectedAfterSeconds, precision, phases }),
    isDetected,
    detectedAfterSeconds,
    rootCauseAfterSeconds: earliestSeconds(
      right.map(({ claim }) => claim),
      phases,
    ),
    isRootCauseFirst: verdict.isRootCause,
    isRootCauseAnywhere: right.length > 0,
    verdict,
    claims: primary.length,
    precision,
    falseAlarms: early.map(headline),
    wrongClaims: verdict.wrong,
    firstStatement: first?.claim.statement,
  }
}

/** Causes before consequences; then by severity, by confidence, and the newest first. */
export function rank(claims: readonly Claim[]): readonly Claim[] {
  return [...claims].sort(
    (a, b) =>
      Number(a.isConsequence) - Number(b.isConsequence) ||
      severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
      confidences.indexOf(b.confidence) - confidences.indexOf(a.confidence) ||
      (b.at ?? 0) - (a.at ?? 0),
  )
}

interface Facts {
  readonly verdict: Verdict
  readonly isDetected: boolean
  readonly detectedAfterSeconds: number | undefined
  readonly precision: number
  readonly phases: Phases
}

function points({ verdict, isDetected, detectedAfterSeconds, precision, phases }: Facts): number {
  const share = (isRight: boolean, weight: number): number => (isRight ? weight : 0)
  const sum =
    share(isDetected, weights.detected) +
    weights.inTime * punctuality(detectedAfterSeconds, phases) +
    share(verdict.isRootCause, weights.rootCause) +
    share(verdict.namesFile ?? verdict.isRootCause, weights.file) +
    share(verdict.namesFunction ?? verdict.isRootCause, weights.function) +
    share(isDetected && verdict.hasRemedy, weights.remedy) -
    share(verdict.wrong.length > 0, weights.wrong)
  return Math.max(0, sum * (verdict.isRootCause ? 0.5 + 0.5 * precision : 1))
}

/** 1 up to `inTimeMs`, then in a straight line to 0 at the end of the fault. */
function punctuality(seconds: number | undefined, { fault, end }: Phases): number {
  if (seconds === undefined) return 0
  const lateMs = seconds * 1000 - inTimeMs
  if (lateMs <= 0) return 1
  return Math.max(0, 1 - lateMs / Math.max(1000, end - fault - inTimeMs))
}

function earliestSeconds(claims: readonly Claim[], { fault }: Phases): number | undefined {
  const times = claims.flatMap(({ at }) => (at === undefined ? [] : [at]))
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - fault) / 1000
}

function headline({ statement }: Claim): string {
  return statement.split('\n')[0]?.slice(0, 160) ?? ''
}

const nothingSaid: Verdict = {
  isRootCause: false,
  groupsFound: 0,
  namesFile: false,
  namesFunction: false,
  namesLine: false,
  hasRemedy: false,
  wrong: [],
}
