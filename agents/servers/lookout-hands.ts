/** What a lookout wants done by others: a look at the skill, a turn of its operator. Nothing rejects. */
import type { AskOutcome, LookoutEffect, LookoutEvent } from '../loop/lookout-state.ts'
import type { OperatorResult } from '../loop/operator-run.ts'
import { watchFindings } from '../models/rules/findings.ts'
import type { Signal } from '../trigger-rules.ts'
import { severityRank } from '../vocabulary/fields.ts'
import type { Notification } from '../vocabulary/notification.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { runOperator } from './direct-operator-run.ts'
import type { OperatorSupply } from './operator-supply.ts'
import { newRunId } from './run-id.ts'
import { takeSnapshot } from './tool-clients.ts'

/** One look may take so long, milliseconds. */
const lookMs = 5_000
/** Bounds of one question: a few turns, as many tokens as a whole investigation. */
const askBounds = { deadlineMs: 120_000, maxIterations: 12, tokenBudget: 60_000 }

/** Takes a snapshot and applies the skill's watch rules to it; costs no tokens. */
export async function takeLook(skill: SkillDescription, startedAt: number): Promise<LookoutEvent> {
  const taken = await takeSnapshot(skill.id, lookMs)
  const at = Date.now()
  if (!taken.ok) return { type: 'look-failed', message: taken.message, at }
  const { capturedAt, data } = taken
  const findings = watchFindings(skill, { id: `${skill.id}.look.${startedAt}`, capturedAt, data })
  return {
    type: 'looked',
    findings: findings.map(({ type, severity, observation }) => ({ type, severity, observation })),
    at,
  }
}

/** Asks the operator's model: a run of its own, in the operator's thread. */
export async function askOperator(
  supply: OperatorSupply,
  node: string,
  { why, reason, frame }: Extract<LookoutEffect, { type: 'ask' }>,
): Promise<{
  readonly outcome: AskOutcome
  readonly notifications: readonly Notification[]
}> {
  const request = {
    runId: newRunId(),
    skill: supply.skill.id,
    // Who raised it may know what no snapshot shows: then every closer look is due.
    ...(why === 'signal' ? { reason } : {}),
    context: {},
    bounds: askBounds,
    watch: frame,
  }
  try {
    const result = await runOperator(request, supply, node)
    return { outcome: outcomeOf(result), notifications: result.notifications }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { outcome: { ok: false, tokens: 0, message }, notifications: [] }
  }
}

function outcomeOf({ ending, tokens, notifications, wakeAfterMs }: OperatorResult): AskOutcome {
  if (ending.type !== 'completed') {
    return { ok: false, tokens, message: `${ending.type}: ${ending.reason}` }
  }
  const { state, summary } = ending
  return {
    ok: true,
    tokens,
    state,
    told: notifications.map(({ id, type, severity, observation }) => ({
      id,
      type,
      severity,
      observation,
    })),
    ...(summary === undefined ? {} : { note: summary }),
    ...(wakeAfterMs === undefined ? {} : { wakeAfterMs }),
  }
}

/** What deserves a whole investigation: the worst that a continuous operator told. */
export function escalationOf(
  skill: SkillDescription,
  notifications: readonly Notification[],
): Signal | undefined {
  const [worst] = notifications
    .filter(({ severity }) => severity !== 'info')
    .toSorted((left, right) => severityRank(right.severity) - severityRank(left.severity))
  if (worst === undefined) return undefined
  return { type: 'symptom', skill: skill.id, key: worst.type, reason: worst.observation }
}
