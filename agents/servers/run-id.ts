import { randomBytes } from 'node:crypto'

/** A new id for a run: `run-` and eight hexadecimal digits. Ids within the run begin with it. */
export function newRunId(): string {
  return `run-${randomBytes(4).toString('hex')}`
}
