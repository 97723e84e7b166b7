/**
 * What the command `nodelens` runs inside of another process: starts nodelens there unless it runs
 * already, and hands over the errand. All of it is synchronous, because main may be stuck in the
 * very loop that is to be found; the root thread does the rest.
 */
import { isMainThread } from 'node:worker_threads'
import type { Errand } from './errand.ts'
import { defaultOperatorIdleMs, launch, runningLens } from './launch.ts'
import { parseModel } from './models/setting.ts'
import { builtInSkills } from './skill-names.ts'

/** How it was attached: `started` is to be ended again by who started it. */
export type Attached = 'started' | 'already-running'

/** @throws {TypeError} Not in a main thread, or a model that cannot be meant. */
export function attach(errand: Errand, model?: string): Attached {
  if (!isMainThread) throw new TypeError('attach: expected to run in the main thread')
  const running = runningLens()
  if (running !== undefined) {
    running.run(errand)
    return 'already-running'
  }
  launch({
    skills: builtInSkills,
    custom: [],
    model: parseModel(model, process.env),
    operatorIdleMs: defaultOperatorIdleMs,
    errand,
  })
  return 'started'
}

/** Ends what `attach` started. */
export function detach(): void {
  void runningLens()?.stop()
}
