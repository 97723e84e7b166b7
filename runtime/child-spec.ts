import { type IGNORE, isDefinition, type ServerDefinition } from './definition.ts'
import { checkMailbox, type MailboxOptions } from './mailbox-options.ts'
import { checkKeys, checkName, checkNumber, checkOneOf, defined } from './options.ts'
import { checkPlacement, type Placement } from './placement.ts'
import { isRegistryName, type RegistryName } from './registry-name.ts'
import type { AutoShutdown, RestartType, Strategy } from './restart-plan.ts'
import type { DefinitionAddress, ProcessKind } from './signal.ts'
import { checkThreadOptions, type ThreadOptions, threadOptions } from './thread-options.ts'
import { printable } from './wire.ts'

/** Milliseconds to end in after `shutdown`, then `kill`; or at once; or whenever it is ready. */
export type Shutdown = number | 'brutal_kill' | 'infinity'

/** How a supervisor starts, restarts and ends one child. Plain data: it may cross threads. */
export interface ChildSpec extends ThreadOptions {
  readonly id: string
  readonly definition: DefinitionAddress
  readonly args: unknown
  readonly restart: RestartType
  readonly shutdown: Shutdown
  readonly type: ProcessKind
  /** Its end can end the supervisor, see `autoShutdown`. Absent: false. */
  readonly significant?: boolean
  readonly placement: Placement
  /** The name the child is registered under; absent: none. */
  readonly name?: string
  /** The name that a registry keeps for the child; absent: none. */
  readonly registryName?: RegistryName
  /** Absent: no bound. */
  readonly mailbox?: MailboxOptions
  /** Which modules it runs, for tools. */
  readonly modules?: Modules
}

/** URLs of modules; `dynamic` where nobody can say. */
export type Modules = readonly string[] | 'dynamic'

/** Bounds of the heap and a watchdog only where the placement makes a thread. */
export interface ChildOptions<Args> extends ThreadOptions {
  /** What `init` gets. */
  readonly args?: Args
  /** Unique within the supervisor. Default: the definition's name. */
  readonly id?: string
  /**
   * Registered name, or one that a registry keeps; `false` for none. Default: the definition's
   * name.
   */
  readonly name?: string | false | RegistryName
  /** Default: what the definition says, else `'thread'`: a thread of its own. */
  readonly placement?: Placement
  /** Default `'permanent'`. */
  readonly restart?: RestartType
  /** Default 5000 ms; for `type: 'supervisor'` `'infinity'`. */
  readonly shutdown?: Shutdown
  /** What it counts as. Default `'worker'`. */
  readonly type?: ProcessKind
  /** Its end can end the supervisor, see `autoShutdown`; not with `permanent`. Default false. */
  readonly significant?: boolean
  /** How many messages may wait, and what then. Default: the definition's, else no bound. */
  readonly mailbox?: MailboxOptions
  /** Default: the definition's module. */
  readonly modules?: Modules
}

const CHILD_KEYS = [
  'args',
  'id',
  'name',
  'placement',
  'restart',
  'shutdown',
  'type',
  'significant',
  'mailbox',
  'modules',
  'resourceLimits',
  'watchdog',
  'hibernateAfterMs',
  'preload',
]

/** A period must end: a hundred years in seconds. */
export const MAX_SECONDS = 3_155_760_000

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
  const { args, id = spec.name, name = spec.name, type = 'worker' } = options
  const { significant, modules } = options
  return checkSpec({
    id,
    definition: address,
    args,
    restart: options.restart ?? 'permanent',
    shutdown: options.shutdown ?? (type === 'supervisor' ? 'infinity' : DEFAULT_SHUTDOWN_MS),
    type,
    placement: options.placement ?? spec.placement ?? 'thread',
    ...(isRegistryName(name) ? { registryName: name } : name === false ? {} : { name }),
    ...defined({ mailbox: options.mailbox ?? spec.mailbox }),
    ...defined({ significant, modules }),
    ...threadOptions(options),
  })
}

export interface SupervisorOptions {
  readonly strategy?: Strategy
  /** More restarts than this within `maxSeconds` end the supervisor. Default 3, as Elixir. */
  readonly maxRestarts?: number
  /** Default 5, as Elixir. */
  readonly maxSeconds?: number
  /**
   * Ends the supervisor with `shutdown` when a `significant` child has ended by itself and is not
   * restarted: the first one, or the last that is left. Default `'never'`.
   */
  readonly autoShutdown?: AutoShutdown
  readonly children: readonly ChildSpec[]
}

/** The options, or a function that gives them, run in the supervisor itself. */
export type SupervisorInit =
  | SupervisorOptions
  | (() => SupervisorOptions | typeof IGNORE | Promise<SupervisorOptions | typeof IGNORE>)

const SUPERVISOR_KEYS = ['strategy', 'maxRestarts', 'maxSeconds', 'autoShutdown', 'children']

/** Fills in the defaults. @throws {TypeError} or {RangeError} for what cannot be meant. */
export function checkedSupervisor(
  what: string,
  options: SupervisorOptions,
): Required<SupervisorOptions> {
  checkKeys(what, options, SUPERVISOR_KEYS)
  const { strategy = 'one_for_one', maxRestarts = 3, maxSeconds = 5, children } = options
  const { autoShutdown = 'never' } = options
  checkOneOf(`${what}: strategy`, strategy, ['one_for_one', 'one_for_all', 'rest_for_one'])
  checkNumber(`${what}: maxRestarts`, maxRestarts, { integer: true })
  checkNumber(`${what}: maxSeconds`, maxSeconds, { min: 0.001, max: MAX_SECONDS })
  checkOneOf(`${what}: autoShutdown`, autoShutdown, ['never', 'any_significant', 'all_significant'])
  if (!Array.isArray(children)) {
    throw new TypeError(`${what}: expected children: [child(…), …], got ${printable(children)}.`)
  }
  for (const spec of children) checkChildOf(what, autoShutdown, spec)
  const ids = children.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) {
    throw new TypeError(`${what}: two children have the id '${twice}'. Give one another id.`)
  }
  return { strategy, maxRestarts, maxSeconds, autoShutdown, children }
}

/** @throws {TypeError} Not a child spec, or one that does not go with the supervisor. */
export function checkChildOf(what: string, autoShutdown: AutoShutdown, spec: ChildSpec): ChildSpec {
  checkSpec(spec)
  if (spec.significant && autoShutdown === 'never') {
    throw new TypeError(
      `${what}: child '${spec.id}' is significant, which means nothing with autoShutdown: 'never'. Set autoShutdown to 'any_significant' or 'all_significant'.`,
    )
  }
  return spec
}

/** @throws {TypeError} or {RangeError} Not a child spec. */
export function checkSpec(spec: ChildSpec): ChildSpec {
  if (typeof spec !== 'object' || spec === null || typeof spec.definition?.url !== 'string') {
    throw new TypeError(
      `Expected a child spec, as child() and supervisor() return it, got ${printable(spec)}.`,
    )
  }
  const what = `child '${spec.id}'`
  checkName(`${what}: id`, spec.id)
  if (spec.name !== undefined) checkName(`${what}: name`, spec.name)
  if (spec.registryName?.partitioned) throw notAName(what)
  checkOneOf(`${what}: restart`, spec.restart, ['permanent', 'transient', 'temporary'])
  checkOneOf(`${what}: type`, spec.type, ['worker', 'supervisor'])
  checkPlacement(what, spec.placement)
  checkThreadOptions(what, spec.placement, spec)
  checkModules(what, spec.modules)
  if (spec.mailbox !== undefined) checkMailbox(what, spec.mailbox)
  const { shutdown, significant = false } = spec
  if (typeof shutdown === 'number') checkNumber(`${what}: shutdown`, shutdown)
  else checkOneOf(`${what}: shutdown`, shutdown, ['brutal_kill', 'infinity'])
  if (typeof significant !== 'boolean') {
    throw new TypeError(
      `${what}: significant: expected true or false, got ${printable(significant)}.`,
    )
  }
  if (significant && spec.restart === 'permanent') {
    throw new TypeError(
      `${what}: significant: a permanent child is always restarted, so its end cannot end the supervisor. Make it 'transient' or 'temporary'.`,
    )
  }
  return spec
}

function notAName(what: string): TypeError {
  return new TypeError(
    `${what}: name: expected a name or what a registry's via() returned, got that of a partition.`,
  )
}

function checkModules(what: string, modules: unknown): void {
  if (modules === undefined || modules === 'dynamic') return
  if (Array.isArray(modules) && modules.every((url) => typeof url === 'string')) return
  throw new TypeError(
    `${what}: modules: expected a list of module URLs or 'dynamic', got ${printable(modules)}.`,
  )
}

/** A temporary child is never started again, so what it was started with is not kept. */
export function kept(spec: ChildSpec): ChildSpec {
  return spec.restart === 'temporary' ? { ...spec, args: undefined } : spec
}
