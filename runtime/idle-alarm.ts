import { type Alarm, setAlarm } from './alarm.ts'
import { aside } from './context.ts'
import { isOrdinary } from './handler-result.ts'
import type { Process } from './process.ts'

const TIMEOUT_MESSAGE = Object.freeze({ type: 'timeout' })

/** The timeout comes only if nothing else does: whatever is queued by then has won. */
export function idleAlarm(process: Process, timeoutMs: number): Alarm {
  if (process.mailbox.find(isOrdinary) >= 0) return undefined
  const ring = (): void => {
    if (process.mailbox.find(isOrdinary) < 0) process.push(TIMEOUT_MESSAGE)
  }
  if (timeoutMs > 0) return aside(() => setAlarm(timeoutMs, ring))
  process.push(TIMEOUT_MESSAGE)
  return undefined
}
