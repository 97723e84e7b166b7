/**
 * The process of a program that does what it is told, in its own name. An eager one reports every
 * message as it comes; a hoarder lets them lie until it is told to drain.
 */

import {
  actor,
  demonitor,
  exit,
  isDownMessage,
  isRuntimeFailure,
  link,
  monitor,
  receive,
  register,
  self,
  send,
  spawn,
  spawnMonitor,
  trapExit,
  unlink,
  unregister,
  whereis,
} from '../../runtime/index.ts'
import { type AgentArgs, type Command, isCommand, type Operation, type Result } from './events.ts'
import { placementOf } from './placement.ts'
import { type Json, toExitReason } from './reason.ts'
import { counts, supervise } from './supervise.ts'
import { turnLoop } from './turn-loop.ts'

export const agent = actor(import.meta, {
  name: 'differential-agent',
  run: async (args: AgentArgs): Promise<void> => {
    send(args.world.controller, { type: '$here', key: args.key })
    for (;;) {
      const message = args.hoard ? await receive(isCommand) : await receive()
      if (isCommand(message)) await obey(args, message)
      else report(args, message)
    }
  },
})

async function obey(args: AgentArgs, { number, operation }: Command): Promise<void> {
  if (operation.do === 'drain') await drain(args)
  const result = await perform(args, operation)
  send(args.world.controller, { type: '$done', number, result })
}

async function drain(args: AgentArgs): Promise<void> {
  for (;;) {
    const message = await receive(undefined, { timeoutMs: 0 })
    if (message === undefined) return
    report(args, message)
  }
}

function report({ world, key }: AgentArgs, message: unknown): void {
  send(world.controller, { type: '$got', key, message })
}

async function perform(args: AgentArgs, operation: Operation): Promise<Result> {
  switch (operation.do) {
    case 'ping':
    case 'drain':
      return json(true)
    case 'turn':
      await turnLoop()
      return json(true)
    case 'flush':
      return flush(operation)
    case 'throw':
      throw new Error('crashed')
    case 'exit':
      return exits(operation)
    case 'spawn':
      return spawned(args, operation)
    case 'monitor':
      return { type: 'monitored', ref: monitor(operation.target) }
    case 'whereis':
      return { type: 'holder', pid: whereis(operation.name) }
    case 'link':
    case 'unlink':
    case 'demonitor':
    case 'trap':
    case 'signal':
    case 'send':
    case 'register':
    case 'unregister':
      return json(simple(operation))
    case 'start_supervisor':
    case 'start_dynamic':
    case 'start_child':
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
    case 'terminate_dynamic_child':
    case 'which_children':
    case 'count_children':
      return supervise(args.world, operation)
    default:
      return operation satisfies never
  }
}

type Simple = Extract<
  Operation,
  {
    do: 'link' | 'unlink' | 'demonitor' | 'trap' | 'signal' | 'send' | 'register' | 'unregister'
  }
>

function simple(operation: Simple): Json {
  switch (operation.do) {
    case 'link':
      return attempt('noproc', () => link(operation.pid))
    case 'unlink':
      return unlink(operation.pid)
    case 'demonitor':
      return demonitor(operation.ref, { flush: operation.flush, info: operation.info })
    case 'trap':
      return trapExit(operation.on)
    case 'signal':
      exit(operation.pid, toExitReason(operation.reason))
      return true
    case 'send':
      return attempt('badarg', () => {
        send(operation.target, { type: '$user', from: self(), value: operation.value })
        return true
      })
    case 'register':
      return attempt('badarg', () => register(operation.name, operation.pid))
    case 'unregister':
      return attempt('badarg', () => unregister(operation.name))
    default:
      return operation satisfies never
  }
}

/** The word that both sides have for a refusal; any other failure is the process's own end. */
function attempt(word: string, act: () => Json): Json {
  try {
    return act()
  } catch (error) {
    const isRefusal = error instanceof TypeError || isRuntimeFailure(error)
    if (isRefusal) return word
    throw error
  }
}

function exits({ reason, caught }: Extract<Operation, { do: 'exit' }>): Result {
  if (!caught) return exit(toExitReason(reason))
  try {
    return exit(toExitReason(reason))
  } catch {
    return json('caught')
  }
}

/** Comes back when all that this process was told by anybody, or told anybody, has arrived. */
async function flush(operation: Extract<Operation, { do: 'flush' }>): Promise<Result> {
  for (const { pid, message } of operation.pings) send(pid, message)
  const answers = operation.supervisors.map((pid) => counts(pid, false).catch(() => null))
  const refs = new Set(operation.dead.map((pid) => monitor(pid)))
  while (refs.size > 0) {
    const down = await receive((m) => isDownMessage(m) && refs.has(m.ref))
    if (isDownMessage(down)) refs.delete(down.ref)
  }
  await Promise.all(answers)
  return json(true)
}

function spawned({ world }: AgentArgs, operation: Extract<Operation, { do: 'spawn' }>): Result {
  const { key, trap, hoard } = operation
  const options = {
    link: operation.link,
    trapExit: trap,
    placement: placementOf(world.family, key),
  }
  const args: AgentArgs = { world, key, hoard }
  if (!operation.monitor) {
    return { type: 'spawned', pid: spawn(agent, args, options), ref: undefined }
  }
  return { type: 'spawned', ...spawnMonitor(agent, args, options) }
}

function json(value: Json): Result {
  return { type: 'json', json: value }
}
