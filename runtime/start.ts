import { acting } from './current.ts'
import { isDefinition, type ServerDefinition } from './definition.ts'
import { checkMailbox, type MailboxOptions } from './mailbox-options.ts'
import { checkKeys, checkName, checkNumber } from './options.ts'
import { checkPlacement, type Placement } from './placement.ts'
import { isRegistryName, type RegistryName, targetText } from './registry-name.ts'
import { refOf, type ServerRef } from './server-ref.ts'
import { startError, startProcess } from './start-process.ts'
import { checkThreadOptions, type ThreadOptions } from './thread-options.ts'
import { printable } from './wire.ts'

export interface StartOptions extends ThreadOptions {
  /** Registered name, or one that a registry keeps. Default: none. */
  readonly name?: string | RegistryName
  /** Default true: the starter and the server share their fate. */
  readonly link?: boolean
  /** Default `'here'`. */
  readonly placement?: Placement
  /** Milliseconds until a start that does not answer is killed. Default: for ever. */
  readonly timeoutMs?: number
  /** How many messages may wait, and what then. Default: the definition's, else no bound. */
  readonly mailbox?: MailboxOptions
}

const START_KEYS = [
  'name',
  'link',
  'placement',
  'timeoutMs',
  'resourceLimits',
  'watchdog',
  'hibernateAfterMs',
  'preload',
  'mailbox',
]

/**
 * Starts a server and waits until it is ready, outside of any supervisor.
 *
 * @returns Its handle; `undefined` if its `init` returned `IGNORE`.
 * @throws {StartFailed} It threw, ended or did not answer; it is completely dead by then.
 * @throws {AlreadyStarted} The name is taken.
 * @see OTP `gen_server:start_link/4`.
 */
export function startServer<Args, Calls, Casts>(
  definition: ServerDefinition<Args, Calls, Casts>,
  args?: Args,
  options: StartOptions = {},
): Promise<ServerRef<Calls, Casts> | undefined> {
  if (!isDefinition(definition)) {
    throw new TypeError(
      `startServer: expected what server() returned, got ${printable(definition)}.`,
    )
  }
  checkKeys('startServer', options, START_KEYS)
  const { name, placement = 'here', timeoutMs } = options
  checkPlacement('startServer', placement)
  checkThreadOptions('startServer', placement, options)
  if (name !== undefined) checkServerName(name)
  if (timeoutMs !== undefined) checkNumber('startServer: timeoutMs', timeoutMs)
  const { mailbox = definition.spec.mailbox } = options
  if (mailbox !== undefined) checkMailbox('startServer', mailbox)
  return started(definition, args, options)
}

function checkServerName(name: string | RegistryName): void {
  if (!isRegistryName(name)) return checkName('startServer: name', name)
  if (!name.partitioned) return
  throw new TypeError(
    "startServer: name: expected a name or what a registry's via() returned, got that of a partition.",
  )
}

async function started<Args, Calls, Casts>(
  definition: ServerDefinition<Args, Calls, Casts>,
  args: Args | undefined,
  options: StartOptions,
): Promise<ServerRef<Calls, Casts> | undefined> {
  const { name, link = true, placement = 'here', timeoutMs } = options
  const { resourceLimits, watchdog, hibernateAfterMs, preload } = options
  const { address, spec } = definition
  const { mailbox = spec.mailbox } = options
  const outcome = await startProcess(
    acting('startServer'),
    {
      definition: address,
      args,
      kind: spec.kind,
      placement,
      link,
      name: isRegistryName(name) ? undefined : name,
      registryName: isRegistryName(name) ? name : undefined,
      resourceLimits,
      watchdog,
      hibernateAfterMs,
      preload,
      mailbox,
    },
    timeoutMs,
  )
  if (outcome.type === 'ignored') return undefined
  if (outcome.type === 'started') return refOf(definition, outcome.pid)
  throw startError(name === undefined ? spec.name : targetText(name), outcome)
}
