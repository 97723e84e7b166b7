/**
 * All that this demonstration asks of nodelens, and the one file that knows its API. The shop itself
 * (`server.ts` and what it imports) knows nothing of it.
 */
import type { CrashReport } from './messages.ts'

export interface Lens {
  readonly observerUrl?: string
  /** Starts an investigation and waits for its end; its insights are in the insights file. */
  investigate(reason: string, skills: readonly string[]): Promise<void>
  /** Kills an operator and waits until its replacement has answered. */
  crashOperator(skill: string): Promise<CrashReport>
  stop(): Promise<void>
}

/** Starts nodelens in this process; insights are appended to the file at once, one JSON line each. */
export type StartLens = (settings: { readonly insightsFile: string }) => Promise<Lens>
