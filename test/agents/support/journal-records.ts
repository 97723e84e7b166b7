import type { JournalRecord } from '../../../agents/journal.ts'
import { stepCoordinator } from '../../../agents/loop/coordinator-loop.ts'
import {
  type CoordinatorStart,
  startCoordinatorRun,
} from '../../../agents/loop/coordinator-start.ts'
import type { Insight } from '../../../agents/vocabulary/insight.ts'
import type { Notification } from '../../../agents/vocabulary/notification.ts'
import { summarize } from '../../../agents/vocabulary/skill-description.ts'
import { limits, skill, t0 } from './kernel.ts'

export function startOf(id: string): CoordinatorStart {
  return {
    id,
    reason: 'p99 doubled',
    context: {},
    skills: summarize([skill('vm')]),
    limits: limits(),
    followUps: 0,
  }
}

export function notificationOf(id: string, runId = 'r1'): Notification {
  return {
    id,
    runId,
    operator: 'vm',
    type: 'event_loop_stall',
    severity: 'critical',
    context: 'x',
    observation: 'blocked',
    snapshotIds: ['s'],
    snapshots: [{ id: 's', capturedAt: new Date(t0).toISOString(), data: { lagMs: 900 } }],
    detectedAt: new Date(t0).toISOString(),
    node: 'host:1',
  }
}

export function insightOf(id: string, runId = 'r1'): Insight {
  return {
    version: 1,
    id,
    runId,
    createdAt: new Date(t0).toISOString(),
    severity: 'critical',
    summary: 'the loop is blocked',
    correlationType: 'causal',
    matchedObservations: ['blocked'],
    hypothesisGrounded: true,
    confidence: 'high',
    notificationIds: ['r1.vm.1.n1'],
    evidence: [],
    model: 'rules',
    partial: false,
  }
}

export function started(runId: string, at = t0): JournalRecord {
  return { version: 1, at, runId, type: 'run-started', start: startOf(runId) }
}

export function notified(id: string, runId: string, at = t0): JournalRecord {
  return { version: 1, at, runId, type: 'notification', notification: notificationOf(id, runId) }
}

export function concluded(id: string, runId: string, at = t0): JournalRecord {
  return { version: 1, at, runId, type: 'insight', insight: insightOf(id, runId) }
}

export function ended(runId: string, at = t0): JournalRecord {
  const [run] = stepCoordinator(startCoordinatorRun(startOf(runId), t0)[0], {
    type: 'stop',
    reason: 'x',
    at: t0,
  })
  if (run.phase.type !== 'ended') throw new Error('the run did not end')
  return { version: 1, at, runId, type: 'run-ended', result: run.phase.result }
}
