import { type CallOptions, call, cast } from './call.ts'
import { acting } from './current.ts'
import type { ServerDefinition } from './definition.ts'
import type { Pid } from './pid.ts'
import type { RegistryName } from './registry-name.ts'
import { resolve } from './signals.ts'

/** The payload a handler takes; `undefined` where it takes none. */
export type PayloadOf<Handler> = Handler extends (
  state: never,
  payload: infer Payload,
  ...rest: never[]
) => unknown
  ? unknown extends Payload
    ? undefined
    : Payload
  : undefined

/** What a call handler replies. */
export type ReplyOf<Handler> = Handler extends (...args: never[]) => infer Result
  ? Extract<Awaited<Result>, { readonly reply: unknown }>['reply']
  : never

type Payload<Handlers, Name extends keyof Handlers> =
  undefined extends PayloadOf<Handlers[Name]>
    ? [payload?: PayloadOf<Handlers[Name]>]
    : [payload: PayloadOf<Handlers[Name]>]

/** A server by pid or by name; a name is looked up anew at every call, so it survives restarts. */
export interface ServerRef<Calls, Casts> {
  readonly target: Pid | string | RegistryName
  /** @throws {NoProcess} Nobody has the name now; {TypeError} for a name of a registry. */
  pid(): Pid
  /** @see call */
  call<Name extends keyof Calls & string>(
    name: Name,
    ...rest: [...Payload<Calls, Name>, options?: CallOptions]
  ): Promise<ReplyOf<Calls[Name]>>
  /** Never waits and never throws for a target that is gone. */
  cast<Name extends keyof Casts & string>(name: Name, ...payload: Payload<Casts, Name>): void
}

interface ErasedRef {
  readonly target: Pid | string | RegistryName
  pid(): Pid
  call(name: string, payload?: unknown, options?: CallOptions): Promise<never>
  cast(name: string, payload?: unknown): void
}

/**
 * A typed handle of a server.
 *
 * @param definition Gives the types of calls and casts, and the name if `target` is left out.
 */
export function refOf<Args, Calls, Casts>(
  definition: ServerDefinition<Args, Calls, Casts>,
  target?: Pid | string | RegistryName,
): ServerRef<Calls, Casts>
export function refOf(
  definition: ServerDefinition<unknown, unknown, unknown>,
  target: Pid | string | RegistryName = definition.spec.name,
): ErasedRef {
  return {
    target,
    pid: () => resolve(acting('pid'), nameOrPid(target)),
    call: (name, payload, options) => typedCall(target, name, payload, options),
    cast: (name, payload) => cast(target, name, payload),
  }
}

/** @throws {TypeError} Only its registry can say who has the name. */
function nameOrPid(target: Pid | string | RegistryName): Pid | string {
  if (typeof target === 'string') return target
  throw new TypeError(
    "pid: a name that a registry keeps is asked for with the registry's whereis().",
  )
}

/** The reply's type is the caller's word: at run time it is whatever the server sent. */
function typedCall(
  target: Pid | string | RegistryName,
  name: string,
  payload: unknown,
  options?: CallOptions,
): Promise<never>
function typedCall(
  target: Pid | string | RegistryName,
  name: string,
  payload: unknown,
  options?: CallOptions,
): Promise<unknown> {
  return call(target, name, payload, options)
}
