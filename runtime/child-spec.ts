import { isDefinition, type ServerDefinition } from './definition.ts'
import { checkKeys, checkName, checkNumber, checkOneOf, defined } from './options.ts'
import { checkPlacement, type Placement } from './placement.ts'
import type { RestartType, Strategy } from './restart-plan.ts'
import type { DefinitionAddress, ProcessKind, ThreadLimits } from './signal.ts'
import { printable } from './wire.ts'

/** Milliseconds to end in after `shutdown`, then `kill`; or at once; or whenever it is ready. */
export type Shutdown = number | 'brutal_kill' | 'infinity'

/** How a supervisor starts, restarts and ends one child. Plain data: it may cross threads. */
export interface ChildSpec {
  readonly id: string
  readonly definition: DefinitionAddress
  readonly args: unknown
  readonly restart: RestartType
  readonly shutdown: Shutdown
  readonly type: ProcessKind
  readonly placement: Placement
  /** The name the child is registered under; absent: none. */
  readonly name?: string
  readonly resourceLimits?: ThreadLimits
}

export interface ChildOptions<Args> {
  /** What `init` gets. */
  readonly args?: Args
  /** Unique within the supervisor. Default: the definition's name. */
  readonly id?: string
  /** Registered name; `false` for none. Default: the definition's name. */
  readonly name?: string | false
  /** Default `'thread'`: a thread of its own. */
  readonly placement?: Placement
  /** Default `'permanent'`. */
  readonly restart?: RestartType
  /** Default 5000 ms. */
  readonly shutdown?: Shutdown
  /** Bounds of the own thread's heap, megabytes. */
  readonly resourceLimits?: ThreadLimits
}

const CHILD_KEYS = ['args', 'id', 'name', 'placement', 'restart', 'shutdown', 'resourceLimits']

/** OTP's default for workers, milliseconds. */
export const DEFAULT_SHUTDOWN_MS = 5000

/**
 * A child for `startRuntime`, `supervisor` or a dynamic supervisor.
 *
 * @throws {TypeError} Not a server; an unknown option or a value of the wrong type.
 */
export function child<Args>(
  definition: ServerDefinition<Args, unknown, unknown>,
  options: ChildOptions<Args> = {},
): ChildSpec {
  if (!isDefinition(definition)) {
    throw new TypeError(`child: expected what server() returned, got ${printable(definition)}.`)
  }
  checkKeys(`child '${definition.spec.name}'`, options, CHILD_KEYS)
  const { spec, address } = definition
  const { args, id = spec.name, name = spec.name, resourceLimits } = options
  return checkSpec({
    id,
    definition: address,
    args,
    restart: options.restart ?? 'permanent',
    shutdown: options.shutdown ?? DEFAULT_SHUTDOWN_MS,
    type: 'worker',
    placement: options.placement ?? 'thread',
    ...(name === false ? {} : { name }),
    ...defined({ resourceLimits }),
  })
}

export interface SupervisorOptions {
  readonly strategy?: Strategy
  /** More restarts than this within `maxSeconds` end the supervisor. Default 3, as Elixir. */
  readonly maxRestarts?: number
  /** Default 5, as Elixir. */
  readonly maxSeconds?: number
  readonly children: readonly ChildSpec[]
}

export const SUPERVISOR_KEYS = ['strategy', 'maxRestarts', 'maxSeconds', 'children']

/** Fills in the defaults. @throws {TypeError} or {RangeError} for what cannot be meant. */
export function checkedSupervisor(
  what: string,
  options: SupervisorOptions,
): Required<SupervisorOptions> {
  checkKeys(what, options, SUPERVISOR_KEYS)
  const { strategy = 'one_for_one', maxRestarts = 3, maxSeconds = 5, children } = options
  checkOneOf(`${what}: strategy`, strategy, ['one_for_one', 'one_for_all', 'rest_for_one'])
  checkNumber(`${what}: maxRestarts`, maxRestarts, { integer: true })
  checkNumber(`${what}: maxSeconds`, maxSeconds, { min: 0.001 })
  if (!Array.isArray(children)) {
    throw new TypeError(`${what}: expected children: [child(…), …], got ${printable(children)}.`)
  }
  for (const spec of children) checkSpec(spec)
  const ids = children.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) {
    throw new TypeError(`${what}: two children have the id '${twice}'. Give one another id.`)
  }
  return { strategy, maxRestarts, maxSeconds, children }
}

/** @throws {TypeError} Not a child spec. */
export function checkSpec(spec: ChildSpec): ChildSpec {
  if (typeof spec !== 'object' || spec === null || typeof spec.definition?.url !== 'string') {
    throw new TypeError(
      `Expected a child spec, as child() and supervisor() return it, got ${printable(spec)}.`,
    )
  }
  const what = `child '${spec.id}'`
  checkName(`${what}: id`, spec.id)
  if (spec.name !== undefined) checkName(`${what}: name`, spec.name)
  checkOneOf(`${what}: restart`, spec.restart, ['permanent', 'transient', 'temporary'])
  checkPlacement(what, spec.placement)
  const { shutdown } = spec
  if (typeof shutdown === 'number') checkNumber(`${what}: shutdown`, shutdown)
  else checkOneOf(`${what}: shutdown`, shutdown, ['brutal_kill', 'infinity'])
  return spec
}
