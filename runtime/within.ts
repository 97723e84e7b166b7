import { type Alarm, clearAlarm, setAlarm } from './alarm.ts'

/**
 * Waits for the work, but no longer; a failure of it is the runtime's end all the same.
 *
 * @returns Whether it was done in time.
 */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: Alarm
  const late = new Promise<boolean>((resolve) => {
    timer = setAlarm(timeoutMs, () => resolve(false))
  })
  const done = work.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([done, late])
  clearAlarm(timer)
  return inTime
}
