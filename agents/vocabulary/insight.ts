/** An insight: the conclusion of a run, as it leaves the process (journal, file, HTTP, CLI). */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import { correlationTypeSchema } from './coordinator-action.ts'
import {
  confidenceSchema,
  evidenceListSchema,
  identifier,
  type Location,
  locationSchema,
  type Severity,
  severitySchema,
  text,
} from './fields.ts'
import { timestampSchema } from './notification.ts'

/** Version of the insight's shape. Raised when a field changes its meaning or goes away. */
export const insightVersion = 1

/** One insight; in a file it is one JSON line. */
export const insightSchema = v.object({
  version: v.literal(insightVersion),
  id: identifier('Insight id'),
  runId: identifier('Run id'),
  createdAt: timestampSchema,
  severity: severitySchema,
  /** What is wrong, in facts. */
  summary: text(bounds.sentenceCharacters, 'What is wrong'),
  /** The cause as far as it is known; absent when nothing is. */
  rootCauseHypothesis: v.exactOptional(text(bounds.sentenceCharacters, 'The root cause')),
  location: v.exactOptional(locationSchema),
  correlationType: correlationTypeSchema,
  /** Observations of notifications, word for word. */
  matchedObservations: v.pipe(v.array(v.string()), v.maxLength(bounds.ids)),
  /** Two operators or a measurement support the hypothesis; checked by `checkInsight`. */
  hypothesisGrounded: v.boolean(),
  confidence: confidenceSchema,
  notificationIds: v.pipe(v.array(identifier('Notification id')), v.maxLength(bounds.ids)),
  evidence: evidenceListSchema,
  remediation: v.exactOptional(text(bounds.sentenceCharacters, 'What to do')),
  /** Id of the insight that this one is a consequence of. */
  causedBy: v.exactOptional(identifier('Insight id')),
  /** Which model spoke: `rules`, `google-ai/gemini-3.8-flash`. */
  model: v.pipe(v.string(), v.maxLength(200)),
  /** The run ended early (deadline, cancel, crash): more may be to find. */
  partial: v.boolean(),
})
export type Insight = v.InferOutput<typeof insightSchema>

/** A cause with a place that a run has told: what the runs beside it and after it need to know of it. */
export interface KnownCause {
  /** Id of the insight. */
  readonly insightId: string
  readonly summary: string
  /** Epoch milliseconds. */
  readonly toldAt: number
  readonly severity: Severity
  readonly location: Location
  /** Types of the notifications that it rests on, and of those that these explain. */
  readonly types: readonly string[]
  readonly explains: readonly string[]
}
