/** Brought into a worker when its memory grows; a thread at rest does not load it. */
import { createCensus } from '../probe/census.ts'
import { PROBE_KEY } from '../probe/probe-key.ts'

/** Gives the worker's probe the walk over its large collections; whether there is a probe. */
export function addCensus(): boolean {
  const record: unknown = Reflect.get(globalThis, PROBE_KEY)
  if (typeof record !== 'object' || record === null) return false
  if (!Reflect.has(record, 'census')) Reflect.set(record, 'census', createCensus())
  return true
}
