import * as v from 'valibot'
import {
  type BuiltInCallback,
  type BuiltInSkill,
  builtInCallback,
  countInput,
} from '../built-in-skill.ts'
import { SkillFailure } from '../failure.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import { ANOMALY_STEPS, ANOMALY_WATCH, PROMPT } from './drilldown.ts'
import { changeRows, deviationRows, explainRow, metricRows } from './rows.ts'
import { AnomalyWatch } from './watch.ts'

/** Learns the metrics of all skills and notices what is not as usual. */
export const anomalyOutside: OutsidePart = { id: 'anomaly', make: makeHalf }

function makeHalf(context: SkillContext): OutsideHalf {
  const watch = new AnomalyWatch(context)
  return {
    skill: anomalySkill(watch),
    tick: (now) => watch.tick(now),
    stop: () => watch.stop(),
  }
}

function anomalySkill(watch: AnomalyWatch): BuiltInSkill {
  return {
    id: 'anomaly',
    title: 'Anomalies of all metrics',
    description:
      'What is not as usual: baselines of the metrics of all skills, learned with the time of day; which changed, since when, and what moved together.',
    systemPrompt: PROMPT,
    watch: ANOMALY_WATCH,
    drilldown: ANOMALY_STEPS,
    snapshot: async () => ({ data: snapshotOf(watch, epochMs()), via: 'outside' }),
    callbacks: callbacksOf(watch),
  }
}

function snapshotOf(watch: AnomalyWatch, now: number): JsonRecord {
  const { detector } = watch
  const tracks = detector.tracks()
  const rows = deviationRows(detector, now)
  return {
    state: detector.state(now),
    metricsLearned: tracks.filter(({ isLearned }) => isLearned).length,
    metricsLearning: tracks.filter(({ isLearned }) => !isLearned).length,
    metricsRefused: detector.refused,
    daysKnown: Math.max(0, ...tracks.map(({ knownDays }) => knownDays)),
    alarming: rows.filter(({ isAlarming }) => isAlarming === true).length,
    deviating: rows.length,
    deviations: rows.slice(0, 5),
    triggersInLastHour: detector.gate.inLastHour(now),
    heldBackInLastHour: watch.heldInLastHour(now),
    starvedInLastHour: watch.starvedInLastHour(now),
    cooldownLeftSeconds: Math.round(detector.gate.cooldownLeftMs(now) / 1000),
    isRelearning: now - detector.deployedAt < 7_200_000,
  }
}

function callbacksOf(watch: AnomalyWatch): Record<string, BuiltInCallback> {
  const { detector } = watch
  const prefix = v.optional(v.pipe(v.string(), v.maxLength(100)), '')
  return {
    anomaly_metrics: builtInCallback({
      doc: "Metrics that are learned, with what is usual in the last hours: metric, now, usualLow, usualMiddle, usualHigh (90 % of the time in between), isLearned, knownHours, daysKnown. Units are in the names. { prefix = '' (such as 'vm_'), limit = 100 }",
      input: v.strictObject({ prefix, limit: countInput(1, 300, 100) }),
      run: (input) => metricRows(detector, input.prefix).slice(0, input.limit),
    }),
    anomaly_deviations: builtInCallback({
      doc: 'Metrics that are not as usual now, the most evidence first: metric, name, direction, before, now, farthest, times, since (ISO), secondsAgo, comparedWith, score (1 is what it takes), isAlarming, excuse (why it is not alarming), isTold. Empty when all is as usual. { limit = 20 }',
      input: v.strictObject({ limit: countInput(1, 100, 20) }),
      run: ({ limit }) => deviationRows(detector, epochMs()).slice(0, limit),
    }),
    anomaly_changes: builtInCallback({
      doc: 'One row for what has changed together and is worth a word, none when all is as usual: metric (the leader), observation (in words: before, after, since when, what moved with it by onset), severity, movedTogether, usual. It says what changed, not why.',
      input: v.strictObject({}),
      run: () => changeRows(detector, epochMs()),
    }),
    anomaly_explain: builtInCallback({
      doc: 'All that is known of one metric: now, usual range, timeOfDay (the same hour of days before: low, middle, high, days), deviations with the change point (since), harmfulDirection, excursionsThatPassed. { metric }',
      input: v.strictObject({ metric: v.pipe(v.string(), v.maxLength(200)) }),
      run: ({ metric }) => {
        const track = detector.track(metric)
        if (track !== undefined) return explainRow(track, detector, epochMs())
        const known = detector.tracks().map(({ id }) => id)
        throw new SkillFailure(
          'bad_input',
          `metric: '${metric}' is not learned; expected one of ${known.slice(0, 60).join(', ') || '(none yet)'}`,
        )
      },
    }),
  }
}
