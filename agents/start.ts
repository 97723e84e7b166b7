/** `start()`: nodelens in this process, by a call. */
import { isMainThread } from 'node:worker_threads'
import { exit, type Pid, type TreeEvent, type TreeNode } from '../runtime/index.ts'
import type { LensInfo } from './client/protocol.ts'
import { askDoor } from './client/transport.ts'
import { isDefinedSkill } from './defined-skill.ts'
import { JournalUnusable, LensRunning } from './errors.ts'
import { type Launched, launch, runningLens } from './launch.ts'
import { parseStart, type StartOptions } from './start-options.ts'
import { isObject } from './vocabulary/json.ts'

/** Nodelens, running in this process. */
export interface Lens {
  /** Which model speaks: `rules` or `provider/model`. */
  readonly model: string
  /** Where the observer's page is, without a token; absent: there is none. */
  readonly observerUrl: string | undefined
  /** Ids of the skills that can be investigated. */
  readonly skills: readonly string[]
  /** The actors now. */
  tree(): Promise<readonly TreeNode[]>
  /** Every start, exit and restart of an actor from now on. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<TreeEvent>
  /**
   * Kills one actor of nodelens, for drills: its supervisor restarts it.
   *
   * @throws {TypeError} Not a pid.
   */
  kill(pid: Pid): void
  /** Ends every thread, timer and socket of nodelens; runs under way end as stopped. Harmless when repeated. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts nodelens in this process; resolves when it can investigate.
 *
 * Nothing of it keeps the process alive except a call that waits for an answer.
 *
 * @throws {TypeError} Options that cannot be meant, or a call outside the main thread; nothing was started.
 * @throws {RangeError} A number out of its bounds; nothing was started.
 * @throws {LensRunning} It runs already.
 * @throws {RuntimeFailure} It could not be started (the observer's port is taken, for one); nothing is left of it.
 */
export async function start(options: StartOptions = {}): Promise<Lens> {
  if (!isMainThread) {
    throw new TypeError(
      'start(): call it in the main thread, which is the one that is watched. Coordinator and Operator can be used in every thread.',
    )
  }
  const checked = parseStart(options, process.env, isDefinedSkill)
  if (runningLens() !== undefined) throw new LensRunning()
  const launched = launch(checked)
  // Nothing of nodelens holds the process, but whoever waits for this does.
  const hold = setInterval(() => {}, 60_000)
  try {
    return await lensOf(launched, checked.journal?.file)
  } catch (error) {
    await launched.stop()
    throw error
  } finally {
    clearInterval(hold)
  }
}

async function lensOf(launched: Launched, journal: string | undefined): Promise<Lens> {
  const runtime = await launched.ready
  const info = await askDoor('start()', { type: 'lens-info' }, { timeoutMs: 30_000 })
  if (!isLensInfo(info)) throw new TypeError('start(): the root thread told nothing of itself')
  if (journal !== undefined && info.journalProblem !== undefined)
    throw new JournalUnusable(journal, info.journalProblem)
  const stop = (): Promise<void> => launched.stop()
  return {
    model: info.model,
    observerUrl: info.observerUrl,
    skills: info.skills,
    tree: () => runtime.tree(),
    events: (given) => runtime.events(given),
    kill: (pid) => runtime.act(() => exit(pid, { type: 'kill' })),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function isLensInfo(value: unknown): value is LensInfo {
  return isObject(value) && typeof value['model'] === 'string' && Array.isArray(value['skills'])
}
