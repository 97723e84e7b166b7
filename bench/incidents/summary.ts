/** A suite's results in one line of figures (pure). */
import type { IncidentScore, RunScore } from './score.ts'

/** Counts are of runs; times are medians in seconds from the beginning of the fault. */
export interface Summary {
  readonly incidents: number
  readonly detected: number
  readonly rootCauseFirst: number
  readonly rootCauseAnywhere: number
  readonly file: number
  readonly function: number
  readonly line: number
  readonly wrongClaims: number
  readonly falseAlarmsInBaseline: number
  readonly controls: number
  readonly silentControls: number
  readonly falseAlarmsOnControls: number
  readonly medianDetectedSeconds: number | undefined
  readonly medianRootCauseSeconds: number | undefined
  readonly meanScore: number | undefined
}

/** Sums up the runs of a suite. */
export function summarise(scores: readonly RunScore[]): Summary {
  const incidents = scores.filter((one) => one.type === 'incident')
  const controls = scores.filter((one) => one.type === 'control')
  const count = (holds: (one: IncidentScore) => boolean | undefined): number =>
    incidents.filter((one) => holds(one) === true).length
  return {
    incidents: incidents.length,
    detected: count(({ isDetected }) => isDetected),
    rootCauseFirst: count(({ isRootCauseFirst }) => isRootCauseFirst),
    rootCauseAnywhere: count(({ isRootCauseAnywhere }) => isRootCauseAnywhere),
    // Where the truth knows no file or function, the root cause stands for it.
    file: count(({ verdict }) => verdict.namesFile ?? verdict.isRootCause),
    function: count(({ verdict }) => verdict.namesFunction ?? verdict.isRootCause),
    line: count(({ verdict }) => verdict.namesLine ?? verdict.isRootCause),
    wrongClaims: count(({ wrongClaims }) => wrongClaims.length > 0),
    falseAlarmsInBaseline: incidents.flatMap(({ falseAlarms }) => falseAlarms).length,
    controls: controls.length,
    silentControls: controls.filter(({ falseAlarms }) => falseAlarms.length === 0).length,
    falseAlarmsOnControls: controls.flatMap(({ falseAlarms }) => falseAlarms).length,
    medianDetectedSeconds: median(incidents.flatMap((one) => one.detectedAfterSeconds ?? [])),
    medianRootCauseSeconds: median(incidents.flatMap((one) => one.rootCauseAfterSeconds ?? [])),
    meanScore:
      incidents.length === 0
        ? undefined
        : incidents.reduce((sum, { score }) => sum + score, 0) / incidents.length,
  }
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
