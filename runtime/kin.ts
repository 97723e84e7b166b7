import type { Pid } from './pid.ts'
import type { ProcessKind } from './signal.ts'

/** Where an actor comes from; siblings share one record. */
export interface Kin {
  readonly parent: Pid | undefined
  readonly ancestors: readonly Pid[]
  readonly kind: ProcessKind
  readonly initialCall: string | undefined
}

export const NO_KIN: Kin = {
  parent: undefined,
  ancestors: [],
  kind: 'worker',
  initialCall: undefined,
}

export function isSameKin(one: Kin, other: Kin): boolean {
  return (
    one.parent === other.parent &&
    one.ancestors === other.ancestors &&
    one.kind === other.kind &&
    one.initialCall === other.initialCall
  )
}
