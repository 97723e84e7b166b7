import type { DrillStep, WatchRule } from '../contract.ts'

export const PROMPT = `You know what is usual for every metric of this process: its level in the last hours, and at the same time of
day in the days before. You say what changed, from what to what, since when, and what moved with it; you never know why.
Normal: no row in anomaly_changes. Deviations with an excuse are normal too: more work is no fault, a job at night comes and goes,
and what follows the work may rise with it. In the first five minutes nothing is known (state learning); in the first two days
only large changes count. A new version of the application is given room for two hours (isRelearning).
The onset orders things: what moved first is nearer to the cause. The skill that owns a metric (its name begins with the
skill's) can say why: ask it, and report a change as what it is, an observation without a hypothesis.`

/** Bounds that were hit: worth knowing, no fault of the application. */
export const ANOMALY_WATCH: readonly WatchRule[] = [
  {
    metric: 'heldBackInLastHour',
    above: 0,
    severity: 'info',
    type: 'anomaly_held_back',
    observation:
      'Anomalies were held back {value} times in the last hour: an investigation had just been started, or {triggersInLastHour} in that hour are the most',
  },
  {
    metric: 'starvedInLastHour',
    above: 30,
    severity: 'info',
    type: 'anomaly_starved',
    observation:
      '{value} readings of the last hour were left out: the machine gave the main thread too little CPU to tell what is usual',
  },
  {
    metric: 'metricsRefused',
    above: 0,
    severity: 'info',
    type: 'anomaly_metrics_refused',
    observation: '{value} metrics are not learned: there are more than can be',
  },
]

/** A change is told without place and hypothesis: it never stands beside a cause that a skill has found. */
export const ANOMALY_STEPS: readonly DrillStep[] = [
  {
    id: 'changes',
    when: [{ field: 'alarming', above: 0 }],
    code: 'return anomaly_changes({})',
    rows: [{ field: 'reportable', equals: true }],
    limit: 1,
    notify: {
      type: 'anomaly_changed',
      severity: '{severity}',
      context:
        '{snapshot.metricsLearned} metrics are known, {snapshot.daysKnown} days of them; {snapshot.deviating} are not as usual. Usual for {metric}: {usual}',
      observation: '{observation}',
      evidence: ['metric', 'before', 'now', 'farthest', 'since', 'score', 'movedTogether', 'usual'],
    },
  },
]
