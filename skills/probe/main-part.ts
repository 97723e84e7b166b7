import type { JsonRecord } from '../json.ts'
import type { ProbeFunction } from './calls.ts'

/** A built-in skill's part in main: as little as possible, and nothing outside Node is loaded. */
export interface MainPart {
  /** Id of the skill; the part is installed only if that is in use. */
  readonly skill: string
  /** Functions that the skill's other half may call by name; names start with the skill's id. */
  readonly functions?: Readonly<Record<string, ProbeFunction>>
  /** Subscribes to what it needs; returns how to undo all of it. `shared`: see layout.ts. */
  readonly install?: (shared: SharedArrayBuffer) => () => void
  /** A compact reading for the gateway's patrol, every two seconds: well under a millisecond. */
  readonly read?: () => JsonRecord
}
