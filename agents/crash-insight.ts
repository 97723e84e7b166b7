/**
 * The last insight of a process that dies of an uncaught error. There is no time for agents: what the
 * error itself says is turned into an insight at once, in the root thread.
 */
import { bounds } from './vocabulary/bounds.ts'
import type { Evidence, Location } from './vocabulary/fields.ts'
import { type Insight, insightVersion } from './vocabulary/insight.ts'

/** An uncaught error as the probe gateway reports it. */
export interface Crash {
  readonly error: {
    readonly name: string
    readonly message: string
    readonly code?: string
    readonly origin: string
    /** The application handles it and lives on. */
    readonly survives: boolean
  }
  readonly location?: Location
  /** Innermost first, source maps applied. */
  readonly stack: readonly string[]
}

/** Frames that are shown as evidence. */
const maxFrames = 8

/** Says what ended the process, where, and on which evidence. Pure. */
export function crashInsight(crash: Crash, runId: string, at: number): Insight {
  const { error, location } = crash
  const what = short(`${error.name}: ${error.message}`, 600)
  const where =
    location === undefined ? '' : ` in ${location.function} (${location.file}:${location.line})`
  const how = error.origin === 'unhandledRejection' ? 'A rejected promise' : 'An error'
  const effect = error.survives
    ? "was caught only by the application's last handler"
    : 'was caught by nobody and ends the process'
  const observation = short(`${how} ${effect}: ${what}${where}`, bounds.sentenceCharacters)
  return {
    version: insightVersion,
    id: `${runId}.i1`,
    runId,
    createdAt: new Date(at).toISOString(),
    severity: error.survives ? 'warning' : 'critical',
    summary: observation,
    rootCauseHypothesis: short(causeOf(crash), bounds.sentenceCharacters),
    ...(location === undefined ? {} : { location }),
    correlationType: 'causal',
    matchedObservations: [observation],
    hypothesisGrounded: location !== undefined,
    confidence: location === undefined ? 'low' : 'high',
    notificationIds: [],
    evidence: evidenceOf(crash),
    remediation: remedyOf(crash),
    model: 'rules',
    partial: location === undefined,
  }
}

function causeOf({ error, location }: Crash): string {
  if (location === undefined) return `${error.name} was thrown; its stack names no place`
  const via = location.package === undefined ? '' : `, which calls ${location.package}`
  const place = `${location.function} (${location.file}:${location.line})${via}`
  return `${error.name} comes from ${place}, and nothing above it handles the error`
}

function remedyOf({ error, location }: Crash): string {
  const place = location === undefined ? 'where it is thrown' : `in ${location.function}`
  return error.origin === 'unhandledRejection'
    ? `Await or catch the promise ${place}.`
    : `Handle the error ${place}, or prevent what makes it throw.`
}

function evidenceOf({ error, stack }: Crash): Evidence[] {
  const frames = stack.slice(0, maxFrames).join('\n')
  return [
    { name: 'error', value: short(`${error.name}: ${error.message}`, bounds.sentenceCharacters) },
    ...(error.code === undefined ? [] : [{ name: 'code', value: error.code }]),
    { name: 'origin', value: error.origin },
    ...(frames === '' ? [] : [{ name: 'stack', value: short(frames, bounds.sentenceCharacters) }]),
  ]
}

function short(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text
}
