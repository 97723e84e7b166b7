/**
 * The language of programs that run here and on OTP: a list of steps, each done by one process (or
 * by the controller, `c`) and settled before the next. Processes are named `p1`, `p2`, …,
 * supervisors `s1`, dynamic ones `d1`, children by their path (`s1/c1`), of which `s1/c1#2` is the
 * second that was started; `@a` is a registered name.
 */

import * as v from 'valibot'

const id = v.string()

/** A word is an atom there and `{ type: word }` here. */
const reasonSchema = v.union([
  v.string(),
  v.strictObject({ shutdown: v.string() }),
  v.strictObject({ term: v.array(v.union([v.number(), v.string()])) }),
])

/** How one start of a child goes; `flash`: it ends by itself right after. */
const startSchema = v.union([
  v.picklist(['ok', 'ignore', 'throw']),
  v.strictObject({ fail: reasonSchema }),
  v.strictObject({ flash: reasonSchema }),
])

const childSchema = v.strictObject({
  id,
  restart: v.picklist(['permanent', 'transient', 'temporary']),
  shutdown: v.union([v.number(), v.picklist(['brutal_kill', 'infinity'])]),
  trap: v.boolean(),
  /** Never comes out of its `terminate`. */
  stubborn: v.boolean(),
  name: v.exactOptional(v.string()),
  /** The first, second, … start; the last entry holds for all later ones. */
  starts: v.pipe(v.array(startSchema), v.minLength(1)),
})

const strategySchema = v.picklist(['one_for_one', 'one_for_all', 'rest_for_one'])

const nestedSchema = v.strictObject({
  id,
  nested: v.strictObject({
    strategy: strategySchema,
    intensity: v.number(),
    children: v.array(childSchema),
  }),
})

const supervisorSchema = v.strictObject({
  strategy: strategySchema,
  intensity: v.number(),
  children: v.array(v.union([childSchema, nestedSchema])),
})

const by = v.string()
const target = v.string()
const supervisor = v.string()

const stepSchema = v.variant('do', [
  v.strictObject({
    do: v.literal('spawn'),
    by,
    as: id,
    trap: v.boolean(),
    hoard: v.boolean(),
    link: v.exactOptional(v.boolean()),
    monitor: v.exactOptional(v.string()),
  }),
  /** `remote` is set where the placement puts the two into different threads. */
  v.strictObject({ do: v.literal('link'), by, target, remote: v.exactOptional(v.boolean()) }),
  v.strictObject({ do: v.literal('unlink'), by, target }),
  v.strictObject({ do: v.literal('monitor'), by, as: id, target }),
  v.strictObject({
    do: v.literal('demonitor'),
    by,
    ref: id,
    flush: v.exactOptional(v.boolean()),
    info: v.exactOptional(v.boolean()),
  }),
  v.strictObject({ do: v.literal('trap'), by, on: v.boolean() }),
  v.strictObject({
    do: v.literal('exit'),
    by,
    reason: reasonSchema,
    caught: v.exactOptional(v.boolean()),
  }),
  v.strictObject({ do: v.literal('throw'), by }),
  v.strictObject({ do: v.literal('signal'), by, target, reason: reasonSchema }),
  v.strictObject({ do: v.literal('send'), by, target, value: v.number() }),
  v.strictObject({ do: v.literal('register'), by, name: v.string(), target }),
  v.strictObject({ do: v.literal('unregister'), by, name: v.string() }),
  v.strictObject({ do: v.literal('whereis'), by, name: v.string() }),
  v.strictObject({ do: v.literal('drain'), by }),
  v.strictObject({ do: v.literal('start_supervisor'), by, as: id, spec: supervisorSchema }),
  v.strictObject({
    do: v.literal('start_dynamic'),
    by,
    as: id,
    intensity: v.number(),
    child: childSchema,
  }),
  v.strictObject({ do: v.literal('start_child'), by, supervisor, child: childSchema }),
  v.strictObject({ do: v.literal('terminate_child'), by, supervisor, id }),
  v.strictObject({ do: v.literal('restart_child'), by, supervisor, id }),
  v.strictObject({ do: v.literal('delete_child'), by, supervisor, id }),
  v.strictObject({ do: v.literal('start_dynamic_child'), by, supervisor, id }),
  v.strictObject({ do: v.literal('terminate_dynamic_child'), by, supervisor, id }),
  v.strictObject({ do: v.literal('which_children'), by, supervisor }),
  v.strictObject({ do: v.literal('count_children'), by, supervisor }),
  /** The controller asks a child to end by itself, or to throw. */
  v.strictObject({ do: v.literal('end'), by: v.literal('c'), target, reason: reasonSchema }),
  v.strictObject({ do: v.literal('crash'), by: v.literal('c'), target }),
])

export const programSchema = v.strictObject({ steps: v.array(stepSchema) })

export type Reason = v.InferOutput<typeof reasonSchema>
export type ChildPlan = v.InferOutput<typeof childSchema>
export type NestedPlan = v.InferOutput<typeof nestedSchema>
export type SupervisorPlan = v.InferOutput<typeof supervisorSchema>
export type Step = v.InferOutput<typeof stepSchema>
export type Program = v.InferOutput<typeof programSchema>

/** The registered names that programs use; both sides report who holds them after each step. */
export const NAMES = ['a', 'b', 'c'] as const

export const CONTROLLER = 'c'

/** The supervisor that a path belongs to; of a process, the process. */
export function topOf(path: string): string {
  return path.split(/[/#]/, 1)[0] ?? path
}
