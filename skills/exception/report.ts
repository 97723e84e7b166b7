import { channel } from 'node:diagnostics_channel'

/**
 * Name of the `node:diagnostics_channel` on which handled exceptions are reported: what
 * `reportException` publishes on, and what code that does not import nodelens may use.
 */
export const EXCEPTION_CHANNEL = 'nodelens:exception'

/** A message on the channel. */
export interface ReportedException {
  readonly error: unknown
  /** Where or while what, in a few words; up to 200 characters are kept. */
  readonly context?: string
}

const reports = channel(EXCEPTION_CHANNEL)

/**
 * Tells nodelens of an exception that the application has handled.
 *
 * Works at any time: without a running nodelens it costs nothing and does nothing. Never throws.
 *
 * @param context Where or while what, in a few words.
 */
export function reportException(error: unknown, context?: string): void {
  if (!reports.hasSubscribers) return
  const message: ReportedException = context === undefined ? { error } : { error, context }
  reports.publish(message)
}
