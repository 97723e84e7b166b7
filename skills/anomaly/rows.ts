import type { JsonRecord } from '../json.ts'
import type { Detector } from './detector.ts'
import type { Deviation } from './deviation.ts'
import { statementOf } from './statement.ts'
import type { MetricTrack } from './track.ts'
import { unscaled } from './traits.ts'
import { agoText, changeText, clockText, plainName } from './words.ts'

const EXCUSES: Readonly<Record<Deviation['excuse'], string>> = {
  none: '',
  'seen-before': 'such a change came and went by itself before',
  harmless: 'a change in this direction is no harm by itself',
  'time-of-day-unknown': 'less than two days are known: it may be the time of day',
  'little-evidence': 'too short or too small so far',
}

/** All metrics that are learned, with what is usual. */
export function metricRows(detector: Detector, prefix: string): JsonRecord[] {
  return detector
    .tracks()
    .filter(({ id }) => id.startsWith(prefix))
    .map((track) => ({
      metric: track.id,
      now: round(track.value),
      ...usualOf(track),
      isLearned: track.isLearned,
      knownHours: round((track.lastAt - track.firstAt) / 3_600_000),
      daysKnown: track.knownDays,
    }))
    .sort((left, right) => left.metric.localeCompare(right.metric))
}

/** What is not as usual now, the most evidence first. */
export function deviationRows(detector: Detector, now: number): JsonRecord[] {
  return detector.deviations().map((one) => deviationRow(one, detector, now))
}

function deviationRow(one: Deviation, detector: Detector, now: number): JsonRecord {
  const metric = detector.metric(one.id)
  const { before, farthest } = one
  return {
    metric: one.id,
    name: metric === undefined ? one.id : plainName(metric),
    direction: one.direction,
    before: round(before),
    now: round(one.now),
    farthest: round(farthest),
    times: before > 0 && one.now > 0 ? round(one.now / before) : null,
    since: new Date(one.since).toISOString(),
    secondsAgo: Math.round((now - one.since) / 1000),
    comparedWith: one.against === 'hours' ? 'the last hours' : 'the same hours of days before',
    score: round(one.score),
    isAlarming: one.isAlarming,
    excuse: EXCUSES[one.excuse],
    isTold: one.isTold,
  }
}

/** One row for all that has changed together, or none: what a person is told. */
export function changeRows(detector: Detector, now: number): JsonRecord[] {
  const deviations = detector.deviations()
  const worth = deviations.filter(({ isAlarming }) => isAlarming)
  const [leader] = worth.toSorted(
    (left, right) =>
      Number(right.role === 'pain') - Number(left.role === 'pain') || right.score - left.score,
  )
  const track = leader === undefined ? undefined : detector.track(leader.id)
  if (leader === undefined || track === undefined) return []
  const together = deviations.filter(
    ({ id, excuse }) => id !== leader.id && excuse !== 'seen-before',
  )
  const isSure = leader.role === 'pain' || track.maturityAt(now) >= 1
  return [
    {
      ...deviationRow(leader, detector, now),
      severity: isSure ? 'warning' : 'info',
      reportable: true,
      observation: statementOf(leader, together, (id) => detector.metric(id), now),
      movedTogether: together.map(({ id }) => id),
      usual: usualText(track),
    },
  ]
}

/** Everything that is known of one metric. */
export function explainRow(track: MetricTrack, detector: Detector, now: number): JsonRecord {
  const metric = detector.metric(track.id)
  const { envelope, traits } = track
  const own = detector.deviations().filter(({ id }) => id === track.id)
  const place = (value: number): number => round(unscaled(value, traits))
  return {
    metric: track.id,
    name: metric === undefined ? track.id : plainName(metric),
    now: round(track.value),
    ...usualOf(track),
    usual: usualText(track),
    timeOfDay:
      envelope === undefined
        ? null
        : {
            low: Math.min(place(envelope.low), place(envelope.high)),
            middle: place(envelope.middle),
            high: Math.max(place(envelope.low), place(envelope.high)),
            days: envelope.days,
          },
    isLearned: track.isLearned,
    knownHours: round((track.lastAt - track.firstAt) / 3_600_000),
    deviations: own.map((one) => deviationRow(one, detector, now)),
    changes: own.map((one) =>
      metric === undefined
        ? one.id
        : `${changeText(one, metric)} since ${clockText(one.since)}, ${agoText(now - one.since)} ago`,
    ),
    harmfulDirection: traits.harm,
    excursionsThatPassed: (['up', 'down'] as const).map((direction) => ({
      direction,
      count: track.sides[direction].book.past.length,
    })),
  }
}

/** The usual range, in the metric's unit. */
type Usual = Readonly<Record<'usualLow' | 'usualMiddle' | 'usualHigh', number | null>>

function usualOf({ baseline, traits }: MetricTrack): Usual {
  if (baseline === undefined) return { usualLow: null, usualMiddle: null, usualHigh: null }
  const edges = [baseline.low, baseline.high].map((place) => unscaled(place, traits))
  return {
    usualLow: round(Math.min(...edges)),
    usualMiddle: round(unscaled(baseline.middle, traits)),
    usualHigh: round(Math.max(...edges)),
  }
}

function usualText(track: MetricTrack): string {
  const { usualLow, usualMiddle, usualHigh } = usualOf(track)
  if (track.baseline === undefined) return 'not known yet'
  return `${usualMiddle} in the last hours, 90 % of the time from ${usualLow} to ${usualHigh}`
}

function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : 0
}
