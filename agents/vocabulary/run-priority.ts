/** Which run goes first when not all can. */
import * as v from 'valibot'

/**
 * `high`: the process is in trouble now (a stall, memory that runs out). `normal`: somebody asked.
 * `low`: a routine look, a follow-up.
 */
export const runPrioritySchema = v.picklist(['high', 'normal', 'low'])
export type RunPriority = v.InferOutput<typeof runPrioritySchema>

const ranks: Record<RunPriority, number> = { high: 0, normal: 1, low: 2 }

/** 0 goes first. */
export function priorityRank(priority: RunPriority): number {
  return ranks[priority]
}
