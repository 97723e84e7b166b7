/** An insight: the conclusion of a run, as it leaves the process (journal, file, HTTP, CLI). */
import * as v from 'valibot'
import { bounds } from './bounds.ts'
import { correlationTypeSchema } from './coordinator-action.ts'
import { evidenceLinkSchema } from './evidence-chain.ts'
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
  /** From the insight to what was measured; absent where no operator was asked (a crash). */
  evidenceChain: v.exactOptional(v.pipe(v.array(evidenceLinkSchema), v.maxLength(bounds.ids))),
  /**
   * What a machine could not verify, and was not set right when the model was asked once more; it
   * has been cut out where that was possible. Absent: all that can be checked has been and holds.
   */
  unverified: v.exactOptional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(20))),
  remediation: v.exactOptional(text(bounds.sentenceCharacters, 'What to do')),
  /** Id of the insight that this one is a consequence of. */
  causedBy: v.exactOptional(identifier('Insight id')),
  /** Id of the insight that told the same cause first, in the last minutes. */
  repeatOf: v.exactOptional(identifier('Insight id')),
  /** With `repeatOf`: how often the cause has been met by now, the first time included. */
  occurrences: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(2))),
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
  /** How often it has been met, the first time included. Absent: once. */
  readonly occurrences?: number
}
