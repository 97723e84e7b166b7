import type { RunLimits } from '../../../agents/loop/run-limits.ts'
import type { ModelFailure, ModelReply } from '../../../agents/vocabulary/model-reply.ts'
import { freeUsage } from '../../../agents/vocabulary/model-reply.ts'
import type { Action } from '../../../agents/vocabulary/model-request.ts'
import type { SkillDescription } from '../../../agents/vocabulary/skill-description.ts'

/** Time at which every kernel test begins. */
export const t0 = Date.parse('2026-11-24T00:00:00.000Z')

export function limits(overrides: Partial<RunLimits> = {}): RunLimits {
  return { maxIterations: 25, deadlineAt: t0 + 60_000, graceMs: 2_000, ...overrides }
}

export function skill(id: string): SkillDescription {
  return {
    id,
    title: id,
    description: `the skill ${id}`,
    systemPrompt: `You watch ${id}.`,
    callbacks: [],
    watch: [],
    drilldown: [],
    custom: false,
  }
}

export function reply<TAction extends Action>(action: TAction, tokens = 0): ModelReply<TAction> {
  return {
    action,
    model: 'scripted',
    usage: { ...freeUsage, inputTokens: tokens },
    repairs: [],
    attempts: 1,
  }
}

export function failure(overrides: Partial<ModelFailure> = {}): ModelFailure {
  return {
    type: 'model-failure',
    kind: 'overloaded',
    message: 'the provider answered 503',
    retryable: true,
    model: 'scripted',
    attempts: 1,
    ...overrides,
  }
}
