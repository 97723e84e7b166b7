import assert from 'node:assert/strict'
import type { CoordinatorEffect } from '../../../agents/loop/coordinator-effect.ts'
import { stepCoordinator } from '../../../agents/loop/coordinator-loop.ts'
import type {
  CoordinatorEvent,
  CoordinatorResult,
  CoordinatorRun,
} from '../../../agents/loop/coordinator-run.ts'
import {
  type CoordinatorStart,
  startCoordinatorRun,
} from '../../../agents/loop/coordinator-start.ts'
import type { OperatorResult } from '../../../agents/loop/operator-run.ts'
import type { CoordinatorAction } from '../../../agents/vocabulary/coordinator-action.ts'
import type { Notification } from '../../../agents/vocabulary/notification.ts'
import { summarize } from '../../../agents/vocabulary/skill-description.ts'
import { limits, reply, skill, t0 } from './kernel.ts'

type Timeless = CoordinatorEvent extends infer Event
  ? Event extends CoordinatorEvent
    ? Omit<Event, 'at'>
    : never
  : never

/** One run of the kernel, fed by hand. */
export class Bench {
  run: CoordinatorRun
  effects: CoordinatorEffect[]
  at = t0
  /** All events, as the journal would keep them. */
  events: CoordinatorEvent[] = []
  readonly start: CoordinatorStart

  constructor(
    overrides: Parameters<typeof limits>[0] = {},
    changes: Partial<CoordinatorStart> = {},
  ) {
    this.start = {
      id: 'r1',
      reason: 'p99 doubled',
      context: {},
      skills: summarize(['vm', 'tables', 'vm_events'].map((id) => skill(id))),
      limits: limits(overrides),
      followUps: 0,
      ...changes,
    }
    const [run, effects] = startCoordinatorRun(this.start, t0)
    this.run = run
    this.effects = [...effects]
  }

  /** The run again, from its events as the journal gives them back. */
  get folded(): CoordinatorRun {
    const stored: CoordinatorEvent[] = JSON.parse(JSON.stringify(this.events))
    const [begun] = startCoordinatorRun(this.start, t0)
    return stored.reduce((run, event) => stepCoordinator(run, event)[0], begun)
  }

  on(event: Timeless): CoordinatorEffect[] {
    this.at += 1
    const timed = { ...event, at: this.at } as CoordinatorEvent
    this.events.push(timed)
    const [run, effects] = stepCoordinator(this.run, timed)
    this.run = run
    this.effects.push(...effects)
    return [...effects]
  }

  get request(): string {
    return 'request' in this.run.phase ? this.run.phase.request : 'none'
  }

  get phase(): string {
    return this.run.phase.type
  }

  get result(): CoordinatorResult {
    return this.run.phase.type === 'ended' ? this.run.phase.result : assert.fail(this.phase)
  }

  says(action: CoordinatorAction, tokens = 0): CoordinatorEffect[] {
    return this.on({ type: 'model-replied', request: this.request, reply: reply(action, tokens) })
  }

  /** Starts operators and lets them be up. */
  invoke(...skills: string[]): void {
    const effects = this.says({ intent: 'invoke_operators', skills })
    for (const { operator } of ofType(effects, 'start-operator')) {
      this.on({ type: 'operator-started', operator, pid: `<${operator}>` })
    }
  }

  notifies(operator: string, id = `${operator}.n1`): CoordinatorEffect[] {
    return this.on({
      type: 'operator-notified',
      operator,
      notification: notification(operator, id),
    })
  }

  completes(operator: string, changes: Partial<OperatorResult> = {}): CoordinatorEffect[] {
    return this.on({
      type: 'operator-completed',
      operator,
      result: operatorResult(operator, changes),
    })
  }
}

/** What an operator tells. */
export function notification(operator: string, id: string): Notification {
  return {
    id,
    runId: 'r1',
    operator: operator.split('.')[1] ?? 'vm',
    type: 'event_loop_stall',
    severity: 'critical',
    context: 'since the start',
    observation: `the loop was blocked for 4210 ms (${id})`,
    hypothesis: 'a synchronous loop',
    snapshotIds: ['s1'],
    snapshots: [{ id: 's1', capturedAt: new Date(t0).toISOString(), data: { ms: 4210 } }],
    detectedAt: new Date(t0).toISOString(),
    node: 'host:1',
    location: { file: '/app/report.js', function: 'buildReport', line: 12 },
    evidence: [{ name: 'durationMs', value: 4210 }],
  }
}

function operatorResult(operator: string, changes: Partial<OperatorResult>): OperatorResult {
  return {
    skill: operator.split('.')[1] ?? 'vm',
    ending: { type: 'completed', state: 'healthy' },
    partial: false,
    notifications: [],
    snapshots: [],
    iterations: 3,
    tokens: 0,
    models: ['scripted'],
    startedAt: new Date(t0).toISOString(),
    endedAt: new Date(t0).toISOString(),
    ...changes,
  }
}

/** An insight that holds. */
export const insightOn = (id: string) =>
  ({
    intent: 'produce_insight',
    notificationIds: [id],
    correlationType: 'causal',
    summary: 'buildReport blocks the loop',
    matchedObservations: [`the loop was blocked for 4210 ms (${id})`],
    hypothesisGrounded: true,
    rootCauseHypothesis: 'a synchronous loop in buildReport',
    confidence: 'high',
    location: { file: '/app/report.js', function: 'buildReport', line: 12 },
  }) satisfies CoordinatorAction

/** Effects of one kind. */
export function ofType<Type extends CoordinatorEffect['type']>(
  effects: CoordinatorEffect[],
  type: Type,
) {
  return effects.filter(
    (effect): effect is Extract<CoordinatorEffect, { type: Type }> => effect.type === type,
  )
}
