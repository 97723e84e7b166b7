/** How a client reaches the door, from wherever it is. */
import { isMainThread } from 'node:worker_threads'
import { type CallOptions, call, whereis } from '../../runtime/index.ts'
import { LensNotRunning, LensStopped } from '../errors.ts'
import { runningLens } from '../launch.ts'
import { names } from '../servers/names.ts'
import { unwrapAnswer } from '../servers/reply-later.ts'
import { channelClient } from './channel-client.ts'
import type { DoorRequest } from './protocol.ts'

/** How long an answer is waited for, and how the wait is given up. */
export interface AskOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * Asks the door: from main and from nodelens's own threads over the runtime, from the application's
 * other threads over a channel that leads to the root thread directly.
 *
 * @throws {LensNotRunning} Nodelens does not run in this process.
 * @throws {LensStopped} It was stopped meanwhile.
 */
export async function askDoor(
  what: string,
  request: DoorRequest,
  { timeoutMs, signal }: AskOptions,
): Promise<unknown> {
  signal?.throwIfAborted()
  const options: CallOptions = { timeoutMs, ...(signal === undefined ? {} : { signal }) }
  if (isMainThread) {
    const lens = runningLens()
    if (lens === undefined) throw new LensNotRunning(what)
    const runtime = await lens.ready
    const asked = runtime.act(() => call(names.door, 'ask', request, options))
    return unwrapAnswer(await orStopped(what, asked))
  }
  if (isOwnThread()) {
    return unwrapAnswer(await orStopped(what, call(names.door, 'ask', request, options)))
  }
  return unwrapAnswer(await channelClient().ask(what, request, { timeoutMs, signal }))
}

/** Nodelens's own threads know the door's name; a runtime of the application does not. */
function isOwnThread(): boolean {
  try {
    return whereis(names.door) !== undefined
  } catch {
    return false
  }
}

/** A door that dies under a call means that nodelens ends. */
async function orStopped(what: string, asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const isOver = ['ERR_PROCESS_DOWN', 'ERR_NO_PROCESS', 'ERR_NOT_RUNNING'].includes(String(code))
    throw isOver ? new LensStopped(what) : error
  }
}
