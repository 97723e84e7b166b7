/**
 * What runs in a thread of the pool: one script per call, in a VM of its own. The thread has no
 * environment variables, no inherited `--import`, and nothing that it prints leaves it.
 */
import type { MessagePort } from 'node:worker_threads'
import { CallbackClient } from './callback-client.ts'
import { type Control, elapsedUs, stage, word } from './control.ts'
import type { Limits } from './limits.ts'
import { LuaMachine } from './lua-machine.ts'
import type { ThreadResult } from './outcome.ts'
import { RunGuard } from './run-guard.ts'

export interface ScriptTask {
  readonly source: string
  readonly limits: Limits
  readonly callbacks: readonly string[]
  readonly control: Control
  readonly port: MessagePort
}

/** Called by the pool, by this name. */
export async function runScript(task: ScriptTask): Promise<ThreadResult> {
  silenceConsole()
  const { control, limits, callbacks, port } = task
  try {
    const guard = new RunGuard(limits, control)
    const client = new CallbackClient(port, control)
    const machine = await LuaMachine.create({
      limits,
      control,
      guard,
      callbacks,
      callHost: (name, args) => client.call(name, args, guard.callbackMs(), () => guard.check()),
    })
    Atomics.store(control.words, word.startedUs, elapsedUs(control))
    Atomics.store(control.words, word.stage, stage.started)
    client.started()
    const result = machine.run(task.source)
    Atomics.store(control.words, word.finishedUs, elapsedUs(control))
    Atomics.store(control.words, word.stage, stage.finished)
    return result
  } finally {
    port.close()
  }
}

/** emscripten reports aborts and panics of hostile scripts on the console: not the host's. */
function silenceConsole(): void {
  const silent = (): void => {}
  Object.assign(console, { log: silent, info: silent, warn: silent, error: silent })
}
