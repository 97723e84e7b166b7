/** Requests, notifications and skills for tests, each with only what the test is about. */
import {
  coordinatorIntents,
  type InsightDraft,
} from '../../../../agents/vocabulary/coordinator-action.ts'
import type { Insight, KnownCause } from '../../../../agents/vocabulary/insight.ts'
import type {
  Action,
  CoordinatorRequest,
  CoordinatorTurn,
  OperatorRequest,
  OperatorTurn,
  OperatorView,
} from '../../../../agents/vocabulary/model-request.ts'
import type { NotificationView, Snapshot } from '../../../../agents/vocabulary/notification.ts'
import { operatorIntents } from '../../../../agents/vocabulary/operator-action.ts'
import type {
  SkillDescription,
  SkillSummary,
} from '../../../../agents/vocabulary/skill-description.ts'

export const plentyOfBudget = { iterationsLeft: 25, msLeft: 60_000 }

export function skillOf(changes: Partial<SkillDescription> = {}): SkillDescription {
  return {
    id: 'vm',
    title: 'Virtual machine',
    description: 'Memory and event loop of the process.',
    systemPrompt: 'A loop delay below 50 ms is normal.',
    callbacks: [],
    watch: [],
    drilldown: [],
    custom: false,
    ...changes,
  }
}

export function snapshotOf(data: Snapshot['data'], id = 's1'): Snapshot {
  return { id, capturedAt: '2026-11-24T10:00:00.000Z', data }
}

export function operatorRequest(changes: Partial<OperatorRequest> = {}): OperatorRequest {
  return {
    agent: 'operator',
    runId: 'r1',
    context: {},
    budget: plentyOfBudget,
    skill: skillOf(),
    state: 'healthy',
    turns: [],
    snapshots: [],
    notifications: [],
    tools: operatorIntents,
    ...changes,
  }
}

export function coordinatorRequest(changes: Partial<CoordinatorRequest> = {}): CoordinatorRequest {
  return {
    agent: 'coordinator',
    strategy: 'agent-loop',
    runId: 'r1',
    context: {},
    budget: plentyOfBudget,
    skills: [
      summaryOf('vm', 'Memory, CPU, heap.', ['tables']),
      summaryOf('tables', 'Large Maps, Sets and arrays.', []),
      summaryOf('vm_events', 'Event-loop stalls with the culprit.', ['tables']),
    ],
    turns: [],
    notifications: [],
    operators: [],
    insights: [],
    known: [],
    tools: coordinatorIntents,
    ...changes,
  }
}

export function summaryOf(
  id: string,
  description: string,
  explainedBy: readonly string[],
): SkillSummary {
  return { id, title: id, description, explainedBy }
}

export function viewOf(changes: Partial<NotificationView> = {}): NotificationView {
  return {
    id: 'n1',
    runId: 'r1',
    operator: 'vm',
    type: 'vm_lag',
    severity: 'warning',
    context: 'under load',
    observation: 'The event loop is late by 900 ms',
    snapshotIds: ['s1'],
    detectedAt: '2026-11-24T10:00:00.000Z',
    node: 'host 1',
    status: 'unread',
    ...changes,
  }
}

export function operatorView(changes: Partial<OperatorView> = {}): OperatorView {
  return {
    skill: 'vm',
    status: 'completed',
    state: 'healthy',
    iteration: 3,
    startedAt: '2026-11-24T10:00:00.000Z',
    ...changes,
  }
}

export function insightOf(changes: Partial<Insight> = {}): Insight {
  return {
    version: 1,
    id: 'i1',
    runId: 'r1',
    createdAt: '2026-11-24T10:00:05.000Z',
    severity: 'warning',
    summary: 'x',
    correlationType: 'causal',
    matchedObservations: ['x'],
    hypothesisGrounded: false,
    confidence: 'medium',
    notificationIds: ['n1'],
    evidence: [],
    model: 'rules',
    partial: false,
    ...changes,
  }
}

/** A stall that the run `r0` has told, at the place of `parse`. */
export function knownCause(changes: Partial<KnownCause> = {}): KnownCause {
  return {
    insightId: 'r0.i1',
    summary: 'A regular expression',
    severity: 'warning',
    toldAt: 0,
    location: { file: 'src/a.js', function: 'parse', line: 3 },
    types: ['stall'],
    explains: ['vm_lagMs'],
    ...changes,
  }
}

export function draftOf(changes: Partial<InsightDraft> = {}): InsightDraft {
  return {
    notificationIds: ['n1'],
    correlationType: 'causal',
    summary: 'The loop was blocked',
    matchedObservations: ['The event loop is late by 900 ms'],
    hypothesisGrounded: false,
    confidence: 'medium',
    ...changes,
  }
}

/** An action with its result, as two turns. */
export function done<TAction extends Action>(
  action: TAction,
  value: Snapshot['data'] = {},
): [{ type: 'action'; action: TAction }, OperatorTurn & CoordinatorTurn & { type: 'result' }] {
  return [
    { type: 'action', action },
    { type: 'result', intent: action.intent, ok: true, value },
  ]
}

/** An action that failed, as two turns. */
export function failed<TAction extends Action>(
  action: TAction,
  error: string,
): [{ type: 'action'; action: TAction }, OperatorTurn & CoordinatorTurn & { type: 'result' }] {
  return [
    { type: 'action', action },
    { type: 'result', intent: action.intent, ok: false, error },
  ]
}
