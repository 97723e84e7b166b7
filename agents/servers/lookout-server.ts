/**
 * The lookouts as an actor in the root thread: one for each skill whose operator is continuous. It
 * takes the looks, hears what the probe gateway raises, and starts the operator's thread only for
 * the turns in which its model is asked.
 */
import { cast, type Pid, type ServerContext, send, server, whereis } from '../../runtime/index.ts'
import { nextLookMs, startLookout, stepLookout } from '../loop/lookout.ts'
import type { Lookout, LookoutEffect, LookoutEvent, LookoutOptions } from '../loop/lookout-state.ts'
import { unreachable } from '../loop/unreachable.ts'
import { emit } from '../telemetry.ts'
import { isObject } from '../vocabulary/json.ts'
import type { OperatorHealth } from '../vocabulary/operator-action.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { askOperator, escalationOf, takeLook } from './lookout-hands.ts'
import { type HeardSignal, skillsOf } from './lookout-signals.ts'
import { names } from './names.ts'
import { RunTimers } from './run-timers.ts'
import { readSkills } from './skill-book.ts'

/** What the lookouts are started with. */
export interface LookoutArgs {
  readonly node: string
  readonly operatorIdleMs: number
  /** Skill id to its pace. */
  readonly skills: Readonly<Record<string, LookoutOptions>>
}

/** A continuous operator as `Operator.status()` and the observer show it. */
export interface WatchStatus {
  readonly skill: string
  readonly state: OperatorHealth
  readonly reason: string
  /** In that state since, ISO 8601. */
  readonly since: string
  readonly isAsking: boolean
  /** Times that the model was asked in the last day, and the tokens of that. */
  readonly asksInDay: number
  readonly tokensInDay: number
  readonly note?: string
}

interface Post {
  readonly type: 'lookout-event'
  readonly skill: string
  readonly event: LookoutEvent
}

interface Watched {
  readonly skill: SkillDescription
  lookout: Lookout
}

interface State {
  readonly args: LookoutArgs
  readonly self: Pid
  readonly timers: RunTimers
  readonly watched: ReadonlyMap<string, Watched>
}

export const lookouts = server(import.meta, {
  name: names.lookouts,
  init: async (args: LookoutArgs, { self }: ServerContext): Promise<State> => {
    const timers = new RunTimers((skill) => send(self, { type: 'lookout-due', skill }))
    const at = Date.now()
    const skills = (await readSkills()).filter(({ id }) => Object.hasOwn(args.skills, id))
    const watched = new Map(skills.map((skill) => [skill.id, watch(args, skill, at)]))
    const state: State = { args, self, timers, watched }
    // Spread over the first round, so that main is not asked for all at once.
    const stepMs = Math.ceil(shortest(args) / Math.max(1, watched.size))
    for (const [index, id] of [...watched.keys()].entries()) timers.arm(id, 'look', index * stepMs)
    for (const one of watched.values()) publish(one)
    return state
  },
  calls: {
    status: (state: State, skill: string | undefined) => ({
      reply: [...state.watched.values()]
        .filter((one) => skill === undefined || one.skill.id === skill)
        .map(({ lookout }) => statusOf(lookout, Date.now())),
      state,
    }),
  },
  info: (state: State, message: unknown) => {
    if (isDue(message)) look(state, message.skill)
    else if (isPost(message)) hear(state, message.skill, message.event)
    else if (isSignal(message)) signalled(state, message.signal)
    return { state }
  },
  terminate: ({ timers, watched }: State) => {
    for (const id of watched.keys()) timers.forget(id)
  },
})

function watch({ skills }: LookoutArgs, skill: SkillDescription, at: number): Watched {
  const options = skills[skill.id]
  if (options === undefined) throw new TypeError(`no pace is given for "${skill.id}"`)
  return { skill, lookout: startLookout(skill.id, options, at) }
}

function shortest({ skills }: LookoutArgs): number {
  return Math.min(...Object.values(skills).map(({ lookMs }) => lookMs))
}

function look({ self, watched }: State, id: string): void {
  const one = watched.get(id)
  if (one === undefined) return
  void takeLook(one.skill, one.lookout.startedAt).then((event) => post(self, id, event))
}

function post(self: Pid, skill: string, event: LookoutEvent): void {
  const message: Post = { type: 'lookout-event', skill, event }
  send(self, message)
}

function signalled(state: State, signal: HeardSignal): void {
  const { reason, ids } = skillsOf(signal, [...state.watched.keys()])
  for (const id of ids) hear(state, id, { type: 'signalled', reason, at: Date.now() })
}

function hear(state: State, id: string, event: LookoutEvent): void {
  const one = state.watched.get(id)
  if (one === undefined) return
  const before = one.lookout.health
  const [lookout, effects] = stepLookout(one.lookout, event)
  one.lookout = lookout
  for (const effect of effects) perform(state, one, effect)
  if (lookout.health !== before || event.type === 'ask-ended') publish(one)
  if (event.type !== 'signalled' && event.type !== 'ask-ended') {
    state.timers.arm(id, 'look', nextLookMs(lookout, Date.now()))
  }
}

function perform(state: State, one: Watched, effect: LookoutEffect): void {
  switch (effect.type) {
    case 'tell':
      return emit('lookout', effect.event, { ...effect.data })
    case 'ask':
      return ask(state, one, effect)
    default:
      return unreachable(effect)
  }
}

function ask(
  { self, args }: State,
  { skill }: Watched,
  effect: Extract<LookoutEffect, { type: 'ask' }>,
): void {
  const supply = { skill, idleMs: args.operatorIdleMs }
  void askOperator(supply, args.node, effect).then(({ outcome, notifications }) => {
    post(self, skill.id, { type: 'ask-ended', outcome, at: Date.now() })
    // What raised a signal has the triggers' attention already.
    if (effect.why === 'signal' || whereis(names.triggers) === undefined) return
    const signal = escalationOf(skill, notifications)
    if (signal !== undefined) send(names.triggers, { type: 'signal', signal })
  })
}

function statusOf(lookout: Lookout, now: number): WatchStatus {
  const { skill, health, reason, since, isAsking, note } = lookout
  const asks = lookout.asks.filter(({ at }) => now - at < 86_400_000)
  return {
    skill,
    state: health,
    reason,
    since: new Date(since).toISOString(),
    isAsking,
    asksInDay: asks.length,
    tokensInDay: asks.reduce((sum, { tokens }) => sum + tokens, 0),
    ...(note === undefined ? {} : { note }),
  }
}

function publish({ lookout }: Watched): void {
  const { skill, ...status } = statusOf(lookout, Date.now())
  const entry = { id: skill, mode: 'continuous', ...status }
  cast(names.observer, 'publish', { topic: 'operators', entry })
}

function isDue(message: unknown): message is { readonly skill: string } {
  return isObject(message) && message['type'] === 'lookout-due'
}

/** Only the lookouts post such messages to themselves. */
function isPost(message: unknown): message is Post {
  return isObject(message) && message['type'] === 'lookout-event'
}

/** Only the probe gateway sends such messages; what ends or is held back opens no gate. */
function isSignal(message: unknown): message is { readonly signal: HeardSignal } {
  if (!isObject(message) || message['type'] !== 'signal') return false
  const { signal } = message
  return isObject(signal) && ['stall', 'heap', 'symptom'].includes(String(signal['type']))
}
