/**
 * The fields of a finding as rows of the built-in skills call them: what a drill-down step's notice
 * takes from its row word for word.
 */
export const ROW_WORDS = {
  severity: '{severity}',
  observation: '{observation}',
  hypothesis: '{explanation}',
  remediation: '{remedy}',
  location: 'location',
  confidence: '{confidence}',
} as const
