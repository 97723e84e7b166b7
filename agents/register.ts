/**
 * `node --import nodelens/register app.js`: nodelens in an application that knows nothing of it.
 *
 * This module is evaluated in every worker of the application too, where it puts the thread on the
 * board that the probe gateway reads, if nodelens runs in main. In main it starts the root thread and goes on with the application; nothing of it keeps the process
 * alive, writes to its streams, or handles its signals and errors. A mistake in the settings is
 * one line on stderr, and the application runs without nodelens.
 */
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) await begin()
else await join()

/** A worker of the application; whatever goes wrong here is not its trouble. */
async function join(): Promise<void> {
  try {
    // The skills' door would load every skill into the worker.
    // oxlint-disable-next-line no-restricted-imports
    const { joinBoard } = await import('../skills/threads/worker-probe.ts')
    joinBoard()
  } catch {
    // The thread goes on unseen.
  }
}

async function begin(): Promise<void> {
  try {
    const { parseSettings } = await import('./settings.ts')
    const parsed = parseSettings(process.env)
    if (!parsed.ok) return say(parsed.problem)
    const { launchWith } = await import('./register-launch.ts')
    const hasBudget = parsed.settings.budget !== undefined
    const readBudget = hasBudget ? (await import('./budget.ts')).readBudget : undefined
    launchWith(parsed.settings, say, readBudget)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
  }
}

/** Straight to the descriptor: the application may have replaced `process.stderr`. */
function say(line: string): void {
  try {
    writeSync(2, `nodelens: ${line.replaceAll('\n', ' ')}\n`)
  } catch {
    // A closed stderr is the application's wish.
  }
}
