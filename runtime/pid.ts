declare const pidBrand: unique symbol
declare const refBrand: unique symbol

/**
 * Names one actor for ever: `<thread.serial>`. Two pids are the same actor if and only if the
 * strings are equal; a pid is never used again within the life of its runtime, not even after its
 * thread was replaced.
 */
export type Pid = string & { readonly [pidBrand]: 'pid' }

/** Names one monitor, one call or one timer, unique within a runtime. */
export type Ref = string & { readonly [refBrand]: 'ref' }

/** Ordinal of a thread within its runtime: 0 is the thread that started it, 1 the root thread. */
export type ThreadOrdinal = number

export const CALLER_THREAD: ThreadOrdinal = 0
export const ROOT_THREAD: ThreadOrdinal = 1

const PID_SHAPE = /^<\d{1,10}\.\d{1,16}>$/

export function makePid(thread: ThreadOrdinal, serial: number): Pid {
  return `<${thread}.${serial}>` as Pid
}

export function makeRef(thread: ThreadOrdinal, serial: number): Ref {
  return `#${thread}.${serial}` as Ref
}

/** A text that is known to be a pid: this runtime wrote it. */
export function knownPid(text: string): Pid {
  return text as Pid
}

/** Tells a pid from any other value, names of actors included. */
export function isPid(value: unknown): value is Pid {
  return typeof value === 'string' && value.charCodeAt(0) === 60 && PID_SHAPE.test(value)
}

/** Tells a reference made by `monitor` or a call from any other value. */
export function isRef(value: unknown): value is Ref {
  return typeof value === 'string' && /^#\d{1,10}\.\d{1,16}$/.test(value)
}

/** The thread in which a reference was made. */
export function threadOfRef(ref: Ref): ThreadOrdinal {
  return Number(ref.slice(1, ref.indexOf('.')))
}

export function threadOf(pid: Pid): ThreadOrdinal {
  let ordinal = 0
  for (let at = 1; at < pid.length; at++) {
    const digit = pid.charCodeAt(at) - 48
    if (digit < 0) break
    ordinal = ordinal * 10 + digit
  }
  return ordinal
}

export function serialOf(pid: Pid): number {
  let serial = 0
  for (let at = pid.indexOf('.') + 1; at < pid.length - 1; at++) {
    serial = serial * 10 + (pid.charCodeAt(at) - 48)
  }
  return serial
}
