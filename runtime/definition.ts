import type { ExitReason } from './exit-reason.ts'
import { loadModule } from './first-module.ts'
import type { StatusParts } from './format-status.ts'
import type { Initial, Refusal } from './init-result.ts'
import { checkMailbox, type MailboxOptions } from './mailbox-options.ts'
import { checkName } from './options.ts'
import type { Pid } from './pid.ts'
import type { Placement } from './placement.ts'
import {
  type CallFrom,
  type DefinitionAddress,
  LOCAL,
  type ProcessKind,
  STOP_CALL,
  SYSTEM_CALL,
} from './signal.ts'

const BRAND: unique symbol = Symbol.for('nodelens.definition')

/** What a handler can reach besides its state and message. */
export interface ServerContext {
  readonly self: Pid
  /** Aborted when the server ends: hand it to whatever a handler waits for. */
  readonly signal: AbortSignal
  /** Who made the call that is being handled; keep it to reply later. */
  readonly from: CallFrom | undefined
  /** Answers a call whose handler returned no `reply`; once per call, later ones are dropped. */
  reply(from: CallFrom, value: unknown): void
  /** Rejects such a call; the server goes on. Once per call, as `reply`. */
  fail(from: CallFrom, error: unknown): void
  /**
   * Puts a message into the server's own mailbox when the promise settles, so that it can work
   * on while it waits. The dead get nothing.
   */
  later<Value>(promise: Promise<Value>, message: (outcome: Settled<Value>) => unknown): void
}

/** How a promise ended, as a value. */
export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown }

/** What a handler says: the next state, and what is to happen. */
export interface Next<State> {
  readonly state: State
  /** Ends the server with this reason, after `terminate`. */
  readonly stop?: ExitReason
  /** Rejects the call that is being handled with this error; the server goes on. */
  readonly fail?: Error
  /** Runs the `continue` handler with this before any queued message. */
  readonly continue?: unknown
  /** Sends `{ type: 'timeout' }` to `info` unless a message comes within this many milliseconds. */
  readonly timeoutMs?: number
  /**
   * There will be nothing to do for a while: a server in a thread of its own gives the free memory
   * of its heap back to the system, which takes it 100 to 250 ms; any message waits that long.
   */
  readonly hibernate?: boolean
}

/** The same with an answer to the call. */
export interface Reply<State, Value> extends Next<State> {
  readonly reply: Value
}

/** Returned by `init` that does not want to start, without being a failure. */
export const IGNORE: unique symbol = Symbol.for('nodelens.ignore')

type MaybePromise<Value> = Value | Promise<Value>

export type CallHandlers<State> = Readonly<
  Record<
    string,
    (
      state: State,
      payload: never,
      context: ServerContext,
    ) => MaybePromise<Reply<State, unknown> | Next<State>>
  >
>
export type CastHandlers<State> = Readonly<
  Record<
    string,
    (state: State, payload: never, context: ServerContext) => MaybePromise<Next<State>>
  >
>

export interface ServerSpec<
  Args,
  State,
  Calls extends CallHandlers<State>,
  Casts extends CastHandlers<State>,
> {
  /** The definition's name in its module, and the server's registered name by default. */
  readonly name: string
  /** Exits of linked actors arrive at `info` as messages, and `terminate` runs at shutdown. */
  readonly trapExit?: boolean
  /** What it counts as in the tree and to supervisors when it is started by hand. Default `'worker'`. */
  readonly kind?: ProcessKind
  /** How many messages may wait, and what then, unless a start says otherwise. Default: no bound. */
  readonly mailbox?: MailboxOptions
  /** Where `child` puts it unless told otherwise. Default `'thread'`. */
  readonly placement?: Placement
  /** Returns the first state, or `IGNORE`, `initial(state, …)`, `refuse(reason)`. */
  readonly init: (
    args: Args,
    context: ServerContext,
  ) => MaybePromise<State | typeof IGNORE | Initial<State> | Refusal>
  readonly calls?: Calls
  readonly casts?: Casts
  readonly info?: (
    state: State,
    message: unknown,
    context: ServerContext,
  ) => MaybePromise<Next<State>>
  readonly continue?: (
    state: State,
    what: unknown,
    context: ServerContext,
  ) => MaybePromise<Next<State>>
  readonly terminate?: (
    state: State,
    reason: ExitReason,
    context: ServerContext,
  ) => MaybePromise<void>
  /**
   * Rewrites what `sys.getStatus` and reports show: `state`, `message`, `reason`, `log`, those that
   * there are. Leave out of it what is secret.
   *
   * @see OTP `format_status/1`.
   */
  readonly formatStatus?: (parts: StatusParts) => StatusParts
}

/** Handlers without their types, as the loop calls them (methods, so that any payload fits). */
interface ErasedHandlers {
  handler(state: unknown, payload: unknown, context: ServerContext): unknown
}
export type ErasedHandler = ErasedHandlers['handler']
interface ErasedInit {
  init(args: unknown, context: ServerContext): unknown
}

export interface ErasedServer {
  readonly name: string
  readonly trapExit: boolean
  readonly kind: ProcessKind
  readonly mailbox: MailboxOptions | undefined
  readonly placement: Placement | undefined
  /** False for code that asks who is acting only before its first `await`. */
  asksLater: boolean
  readonly init: ErasedInit['init']
  readonly calls: Readonly<Record<string, ErasedHandler>>
  readonly casts: Readonly<Record<string, ErasedHandler>>
  readonly info: ErasedHandler | undefined
  readonly continue: ErasedHandler | undefined
  readonly terminate: ErasedHandler | undefined
  readonly formatStatus: ((parts: StatusParts) => StatusParts) | undefined
}

/** A server as it is known outside of its module. */
export interface ServerDefinition<Args, Calls, Casts> {
  readonly [BRAND]: 'server'
  readonly address: DefinitionAddress
  readonly spec: ErasedServer
  /** Types only; never there at run time. */
  readonly types?: { readonly args: Args; readonly calls: Calls; readonly casts: Casts }
}

/** An actor that is one async function, known by its module. */
export interface BodyDefinition<Args, Value = unknown> {
  readonly [BRAND]: 'body'
  readonly address: DefinitionAddress
  readonly run: ErasedBody
  readonly mailbox: MailboxOptions | undefined
  readonly types?: { readonly args: Args; readonly value: Value }
}

interface ErasedBodies {
  run(args: unknown): unknown
}
export type ErasedBody = ErasedBodies['run']

export type Definition = ServerDefinition<unknown, unknown, unknown> | BodyDefinition<unknown>

/**
 * Defines a server: its state, its replies, its module's address. Starting it in another thread
 * imports that module and finds the export that has this name, so export it.
 *
 * @param meta The module's own `import.meta`.
 * @throws {TypeError} `spec.name` or `spec.init` is missing or of the wrong type.
 */
export function server<
  Args,
  State,
  Calls extends CallHandlers<State> = Readonly<Record<never, never>>,
  Casts extends CastHandlers<State> = Readonly<Record<never, never>>,
>(
  meta: { readonly url: string },
  spec: ServerSpec<Args, State, Calls, Casts>,
): ServerDefinition<Args, Calls, Casts> {
  const name = checkedName('server', meta, spec)
  if (typeof spec.init !== 'function') {
    throw new TypeError(
      `server '${name}': expected init to be a function, got ${typeof spec.init}.`,
    )
  }
  for (const reserved of [STOP_CALL, SYSTEM_CALL]) {
    if (!Object.hasOwn(spec.calls ?? {}, reserved)) continue
    throw new TypeError(`server '${name}': a call cannot be named '${reserved}'.`)
  }
  if (spec.mailbox !== undefined) checkMailbox(`server '${name}'`, spec.mailbox)
  return withAddress(meta.url, name, {
    [BRAND]: 'server',
    spec: {
      name,
      trapExit: spec.trapExit ?? false,
      kind: spec.kind ?? 'worker',
      mailbox: spec.mailbox,
      placement: spec.placement,
      asksLater: true,
      init: spec.init,
      calls: spec.calls ?? {},
      casts: spec.casts ?? {},
      info: spec.info,
      continue: spec.continue,
      terminate: spec.terminate,
      formatStatus: spec.formatStatus,
    },
  })
}

/** For servers of the runtime itself, so that they need no storage to know who they are. */
export function asksAtOnce<Args, Calls, Casts>(
  definition: ServerDefinition<Args, Calls, Casts>,
): ServerDefinition<Args, Calls, Casts> {
  definition.spec.asksLater = false
  return definition
}

/**
 * Defines an actor that is one function, so that it can be spawned in another thread.
 *
 * @param meta The module's own `import.meta`; export the result.
 */
export function actor<Args, Value>(
  meta: { readonly url: string },
  spec: {
    readonly name: string
    readonly run: (args: Args) => MaybePromise<Value>
    /** How many messages may wait, and what then, unless a spawn says otherwise. */
    readonly mailbox?: MailboxOptions
  },
): BodyDefinition<Args, Value> {
  const name = checkedName('actor', meta, spec)
  if (spec.mailbox !== undefined) checkMailbox(`actor '${name}'`, spec.mailbox)
  return withAddress<Omit<BodyDefinition<Args, Value>, 'address'>>(meta.url, name, {
    [BRAND]: 'body',
    run: erase(spec.run),
    mailbox: spec.mailbox,
  })
}

export function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** The bound that a spawn asks for, else the definition; a plain function has none. */
export function mailboxOf(
  what: unknown,
  given: MailboxOptions | undefined,
): MailboxOptions | undefined {
  if (given) return checkMailbox('spawn', given)
  if (!isDefinition(what)) return undefined
  return isServerDefinition(what) ? what.spec.mailbox : what.mailbox
}

export function isServerDefinition(
  value: unknown,
): value is ServerDefinition<unknown, unknown, unknown> {
  return isDefinition(value) && value[BRAND] === 'server'
}

/**
 * Imports a definition by its address.
 *
 * @throws {TypeError} The module has no export with that name that `server` or `actor` made.
 */
export async function loadDefinition(address: DefinitionAddress): Promise<Definition> {
  const local = address[LOCAL]
  if (isDefinition(local)) return local
  const module = await loadModule(address.url)
  for (const exported of Object.values(module)) {
    if (isDefinition(exported) && exported.address.name === address.name) return exported
  }
  throw new TypeError(
    `${address.url} exports no server or actor named '${address.name}'. Export what server() or actor() returned.`,
  )
}

/** The address leads back to the definition, so that this thread needs no import and no export. */
function withAddress<Rest extends object>(
  url: string,
  name: string,
  rest: Rest,
): Rest & { readonly address: DefinitionAddress } {
  const address: { url: string; name: string; [LOCAL]?: object } = { url, name }
  const definition = { ...rest, address }
  address[LOCAL] = definition
  return definition
}

function erase<Args>(run: (args: Args) => unknown): ErasedBody {
  const holder: { run(args: never): unknown } = { run }
  const erased: ErasedBodies = holder
  return (args) => erased.run(args)
}

function checkedName(kind: string, meta: { readonly url: string }, spec: { name: string }): string {
  checkName(`${kind}: name`, spec?.name)
  if (typeof meta?.url !== 'string') {
    throw new TypeError(
      `${kind} '${spec.name}': the first argument must be the module's import.meta.`,
    )
  }
  return spec.name
}
