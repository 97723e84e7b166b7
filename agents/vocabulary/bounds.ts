/**
 * How much of everything an agent may say or ask for. Each bound is part of the schema that the
 * model is shown, so a hit is visible to it; texts over the bound are shortened and numbers are
 * clamped by the parser, which records it as a repair.
 */
export const bounds = {
  /** Characters of an identifier: notification, snapshot, insight, skill. */
  idCharacters: 64,
  /** Characters of a notification's type, a short snake_case word. */
  typeCharacters: 64,
  /** Characters of one sentence or two: observation, hypothesis, summary, remediation. */
  sentenceCharacters: 1_000,
  /** Characters of free thought, context, or a message between agents. */
  textCharacters: 4_000,
  /** Characters of a Lua script. Never shortened: half a script is another script. */
  codeCharacters: 20_000,
  /** Characters of a file path or a function name. */
  placeCharacters: 1_024,
  /** Insights in one report. */
  reportedInsights: 10,
  /** Ids in one action. */
  ids: 50,
  /** Entries of evidence on one notification or insight. */
  evidence: 20,
  /** Snapshots returned at once by `get_snapshots`. */
  snapshots: 20,
  /** Milliseconds of one `wait`. A longer pause is several waits, so that the model looks around in between. */
  waitMs: 60_000,
  /** Milliseconds until a continuous operator is asked again: a second to an hour. */
  watchMinMs: 1_000,
  watchMaxMs: 3_600_000,
  /** Milliseconds until a scheduled follow-up: one second to one day. */
  scheduleMinMs: 1_000,
  scheduleMaxMs: 86_400_000,
} as const
