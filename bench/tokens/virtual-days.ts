/**
 * Continuous operators of all built-in skills beside a simulated service, in virtual time: the real gate, the real
 * watch rules and the real baselines decide when a model would be asked.
 */
import { nextLookMs, startLookout, stepLookout } from '../../agents/loop/lookout.ts'
import {
  type AskReason,
  defaultLookoutOptions,
  type Finding,
  type Lookout,
  type LookoutEvent,
} from '../../agents/loop/lookout-state.ts'
import { skillsOf } from '../../agents/servers/lookout-signals.ts'
import { builtInSkills } from '../../agents/skill-names.ts'
import { createGateway, type SkillDescription } from '../../skills/index.ts'
import { installProbe } from '../../skills/probe/probe.ts'
import { DAY_MS } from '../fortnight/calendar.ts'
import type { Fault } from '../fortnight/faults.ts'
import { makeWorld, stepWorld, type World } from '../fortnight/run.ts'

/** A time at which a model was asked. */
export interface Asked {
  readonly at: number
  readonly skill: string
  readonly why: AskReason
}

/** A fault that begins so many milliseconds after the start and lasts so long. */
export interface Planned {
  readonly fault: Fault
  readonly at: number
  readonly forMs: number
}

/** What the days brought. */
export interface Days {
  readonly asked: readonly Asked[]
  /** What the baselines raised: each starts an investigation, with or without continuous operators. */
  readonly raised: number
  readonly looks: number
}

/** One question takes a model with its tools about so long. */
const answerMs = 30_000
/** A model that found something wants to look again after this. */
const wakeAfterMs = 5 * 60_000

/** The built-in skills, as the probe gateway describes them. */
export function describeSkills(): readonly SkillDescription[] {
  const probe = installProbe({ skills: builtInSkills, custom: [], isAttached: false })
  const gateway = createGateway({
    heartbeat: probe.heartbeat,
    skills: builtInSkills,
    custom: [],
    anomaly: { stateDir: false },
    connect: () => new Promise(() => {}),
    onSignal: () => {},
  })
  const skills = gateway.describe().filter(({ id }) => id !== 'base')
  gateway.stop()
  probe.uninstall()
  return skills
}

/** Lets the days pass. */
export function runDays(
  seed: number,
  days: number,
  planned: readonly Planned[],
  skills: readonly SkillDescription[],
): Days {
  const world = makeWorld(seed, Math.max(14, days))
  const book = new Book(skills)
  let raised = 0
  while (world.at < days * DAY_MS) {
    const { at } = world
    const isFaulty = planned.some((one) => at >= one.at && at < one.at + one.forMs)
    const { values, trigger } = stepOf(world, planned)
    book.pass(at, values, isFaulty)
    if (trigger === undefined) continue
    raised += 1
    book.raise(at, trigger.named[0] ?? '', trigger.text)
  }
  return { asked: book.asked, raised, looks: book.looks }
}

function stepOf(world: World, planned: readonly Planned[]) {
  const { at } = world
  let values: ReadonlyMap<string, number> = new Map()
  const { ours } = stepWorld(world, (readings) => {
    for (const one of planned) {
      if (at >= one.at && at < one.at + one.forMs) one.fault.apply(readings, at - one.at)
    }
    values = new Map(readings)
  })
  return { values, trigger: ours }
}

interface Watched {
  readonly skill: SkillDescription
  lookout: Lookout
  nextLookAt: number
  answerAt: number | undefined
}

class Book {
  readonly asked: Asked[] = []
  looks = 0
  readonly #watched: readonly Watched[]

  constructor(skills: readonly SkillDescription[]) {
    this.#watched = skills.map((skill) => ({
      skill,
      lookout: startLookout(skill.id, defaultLookoutOptions, 0),
      nextLookAt: 0,
      answerAt: undefined,
    }))
  }

  pass(at: number, values: ReadonlyMap<string, number>, isFaulty: boolean): void {
    for (const one of this.#watched) {
      if (one.answerAt !== undefined && at >= one.answerAt) this.#answer(one, at, isFaulty)
      if (at < one.nextLookAt) continue
      this.looks += 1
      this.#hear(one, { type: 'looked', findings: findingsOf(one.skill, values), at })
      one.nextLookAt = at + nextLookMs(one.lookout, at)
    }
  }

  raise(at: number, metric: string, reason: string): void {
    const signal = {
      type: 'symptom',
      skill: 'anomaly',
      key: metric,
      severity: 'warning',
      reason,
    } as const
    const ids = this.#watched.map(({ skill }) => skill.id)
    for (const id of skillsOf(signal, ids).ids) {
      const one = this.#watched.find(({ skill }) => skill.id === id)
      if (one !== undefined) this.#hear(one, { type: 'signalled', reason, at })
    }
  }

  /** The model calls it healthy unless a rule still sees something or a fault is on. */
  #answer(one: Watched, at: number, isFaulty: boolean): void {
    one.answerAt = undefined
    const isIll = isFaulty || one.lookout.seen.length > 0
    const state = isIll ? 'warning' : 'healthy'
    const outcome = {
      ok: true,
      tokens: 0,
      state,
      told: [],
      ...(isIll ? { wakeAfterMs } : {}),
    } as const
    this.#hear(one, { type: 'ask-ended', outcome, at })
  }

  #hear(one: Watched, event: LookoutEvent): void {
    const [lookout, effects] = stepLookout(one.lookout, event)
    one.lookout = lookout
    for (const effect of effects) {
      if (effect.type !== 'ask') continue
      this.asked.push({ at: event.at, skill: one.skill.id, why: effect.why })
      one.answerAt = event.at + answerMs
    }
  }
}

/** The skill's watch rules on the simulated readings, as far as these have the metric. */
function findingsOf(
  { id, watch }: SkillDescription,
  values: ReadonlyMap<string, number>,
): Finding[] {
  return watch.flatMap(({ metric, above, below, severity, type }) => {
    const value = values.get(`${id}_${metric}`)
    if (value === undefined) return []
    const isPassed =
      (above !== undefined || below !== undefined) &&
      (above === undefined || value > above) &&
      (below === undefined || value < below)
    return isPassed
      ? [{ type: type ?? `${id}_${metric}`, severity, observation: `${metric} is ${value}` }]
      : []
  })
}
