import type { Pid } from './pid.ts'

/** Where names of a kind of its own are kept: in the thread of the module that keeps them. */
export interface ViaModule {
  /** Gives the name to the pid; false if somebody has it. */
  registerName(key: unknown, pid: Pid): boolean
  whereisName(key: unknown): Pid | undefined
  unregisterName(key: unknown): void
}

/**
 * A name that a module of the application keeps (OTP's `{via, Module, Name}`). It holds within the
 * thread of that module: functions do not cross.
 */
export interface Via {
  readonly via: ViaModule
  readonly key: unknown
}

export function isVia(value: unknown): value is Via {
  if (typeof value !== 'object' || value === null || !('via' in value) || !('key' in value)) {
    return false
  }
  const { via } = value
  if (typeof via !== 'object' || via === null) return false
  return ['registerName', 'whereisName', 'unregisterName'].every(
    (name) => name in via && typeof Object(via)[name] === 'function',
  )
}

/** Gives the name to the pid, unless somebody holds it: then says who. */
export function claimVia({ via, key }: Via, pid: Pid): Pid {
  return via.registerName(key, pid) ? pid : (via.whereisName(key) ?? pid)
}

/** Frees the name if the pid still has it. */
export function releaseVia({ via, key }: Via, pid: Pid): void {
  if (via.whereisName(key) === pid) via.unregisterName(key)
}

/** A target for errors: the key stands for the name. */
export function targetText(target: string | Via): string {
  return typeof target === 'string' ? target : `via ${String(target.key)}`
}
