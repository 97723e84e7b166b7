import { type DefinedSkill, isDefinedSkill } from './defined.ts'

/** What `installProbe` takes. */
export interface ProbeOptions {
  /** Ids of the built-in skills in use: main's parts of them are installed. Default none. */
  readonly skills?: readonly string[]
  /** Skills of the application, each made by `defineSkill`. Default none. */
  readonly custom?: readonly DefinedSkill[]
  /** The application is up already: nothing is excused as its start. Default false. */
  readonly isAttached?: boolean
  /** Milliseconds between heartbeats, 10 to 1000. Default 50. */
  readonly heartbeatMs?: number
  /** Longest wait of a dying main for its insight to be written, 0 to 10000 ms. Default 1000. */
  readonly crashWaitMs?: number
}

export interface CheckedProbeOptions {
  readonly skills: readonly string[]
  readonly custom: readonly DefinedSkill[]
  readonly isAttached: boolean
  readonly heartbeatMs: number
  readonly crashWaitMs: number
}

const KNOWN = ['skills', 'custom', 'isAttached', 'heartbeatMs', 'crashWaitMs']

export function checkProbeOptions(options: ProbeOptions): CheckedProbeOptions {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new TypeError(`installProbe: unknown option '${key}'; expected ${KNOWN.join(', ')}`)
    }
  }
  const custom = options.custom ?? []
  const ids = new Set<string>()
  for (const skill of custom) {
    if (!isDefinedSkill(skill)) {
      throw new TypeError('installProbe: each custom skill must come from defineSkill({ … })')
    }
    if (ids.has(skill.id))
      throw new TypeError(`installProbe: two custom skills are called '${skill.id}'`)
    ids.add(skill.id)
  }
  return {
    skills: options.skills ?? [],
    custom,
    isAttached: options.isAttached === true,
    heartbeatMs: within('heartbeatMs', options.heartbeatMs ?? 50, 10, 1000),
    crashWaitMs: within('crashWaitMs', options.crashWaitMs ?? 1000, 0, 10_000),
  }
}

function within(name: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new RangeError(`installProbe: ${name} must be ${least} to ${most} ms, got ${String(value)}`)
}
