/**
 * What an insight claims, read leniently: a line that is not what nodelens documents still counts
 * as something that was said.
 */
import * as v from 'valibot'

const optionalText = v.fallback(v.optional(v.string(), ''), '')

const insightFields = v.looseObject({
  id: optionalText,
  summary: optionalText,
  rootCauseHypothesis: optionalText,
  remediation: optionalText,
  severity: v.fallback(v.picklist(['info', 'warning', 'critical']), 'warning'),
  confidence: v.fallback(v.picklist(['low', 'medium', 'high']), 'medium'),
  createdAt: optionalText,
  causedBy: v.fallback(v.optional(v.string()), undefined),
  location: v.fallback(
    v.optional(
      v.looseObject({
        file: v.fallback(v.optional(v.string()), undefined),
        function: v.fallback(v.optional(v.string()), undefined),
        line: v.fallback(v.optional(v.number()), undefined),
      }),
    ),
    undefined,
  ),
})

/** One insight, reduced to what is judged. */
export interface Claim {
  /** When it was made, epoch milliseconds; unknown where the insight does not say. */
  readonly at: number | undefined
  /** Summary and root cause; the evidence is not part of it. */
  readonly statement: string
  /** File, line and function of the place it names, as text. */
  readonly place: string
  readonly line: number | undefined
  readonly remedy: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly confidence: 'low' | 'medium' | 'high'
  /** It says of itself that another insight is its cause. */
  readonly isConsequence: boolean
}

/** Reads the text of an insights file, one JSON object a line. */
export function readClaims(fileText: string): readonly Claim[] {
  return fileText
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readClaim)
}

function readClaim(line: string): Claim {
  const parsed = v.safeParse(insightFields, parseLine(line))
  if (!parsed.success) return { ...silent, statement: line }
  const { output } = parsed
  const at = Date.parse(output.createdAt)
  const { file = '', function: name = '', line: number } = output.location ?? {}
  return {
    at: Number.isNaN(at) ? undefined : at,
    statement: [output.summary, output.rootCauseHypothesis].filter(Boolean).join('\n'),
    place: [file && `${file}${number === undefined ? '' : `:${number}`}`, name]
      .filter(Boolean)
      .join(' '),
    line: number,
    remedy: output.remediation,
    severity: output.severity,
    confidence: output.confidence,
    isConsequence: output.causedBy !== undefined,
  }
}

const silent: Omit<Claim, 'statement'> = {
  at: undefined,
  place: '',
  line: undefined,
  remedy: '',
  severity: 'warning',
  confidence: 'medium',
  isConsequence: false,
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
