import type { DoorRequest } from '../../../agents/client/protocol.ts'
import { coordinator } from '../../../agents/servers/coordinator.ts'
import { door } from '../../../agents/servers/door.ts'
import { type JournalArgs, journal } from '../../../agents/servers/journal-server.ts'
import { names } from '../../../agents/servers/names.ts'
import { unwrapAnswer } from '../../../agents/servers/reply-later.ts'
import { sandbox } from '../../../agents/servers/sandbox-server.ts'
import {
  call,
  child,
  dynamicSupervisor,
  type Runtime,
  startRuntime,
} from '../../../runtime/index.ts'
import { fixedProbe, fixedSandbox, type Script, scriptedModel } from '../fixtures/stand-ins.ts'

/** What differs from the usual house. */
export interface HouseChanges {
  readonly operatorIdleMs?: number
  readonly realSandbox?: boolean
  readonly journalArgs?: JournalArgs
}

/** The agents with a scripted model and fixed tools, as the lens wires them. */
export function startHouse(
  script: Script,
  { realSandbox = false, journalArgs = {}, ...changes }: HouseChanges = {},
): Promise<Runtime> {
  return startRuntime({
    strategy: 'one_for_one',
    maxRestarts: 20,
    keepAlive: false,
    children: [
      child(journal, { args: journalArgs, placement: 'root' }),
      child(scriptedModel, { args: script, placement: 'root' }),
      child(fixedProbe, { placement: 'root' }),
      child(realSandbox ? sandbox : fixedSandbox, { placement: 'root' }),
      dynamicSupervisor(names.operators, { maxRestarts: 20 }),
      child(coordinator, { args: { node: 'host:1', operatorIdleMs: 60_000, ...changes } }),
      child(door, { args: { node: 'host:1', operatorIdleMs: 60_000 }, placement: 'root' }),
    ],
  })
}

/** Long enough for a machine that is shared by many. */
export const patienceMs = 30_000

/** Runs `use` in a house of its own, and ends it whatever happens. */
export async function inHouse(script: Script, use: () => Promise<void>): Promise<void> {
  const runtime = await startHouse(script)
  try {
    await use()
  } finally {
    await runtime.stop()
  }
}

/** What the door of the house answers; what it refuses is thrown. */
export async function askDoor(request: DoorRequest): Promise<unknown> {
  return unwrapAnswer(await call(names.door, 'ask', request, { timeoutMs: patienceMs }))
}
