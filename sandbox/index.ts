/**
 * The sandbox: Lua scripts that nobody trusts, run with limits that hold.
 *
 * ```ts
 * const sandbox = await createSandbox({ limits: { cpuMs: 2000 } })
 * const outcome = await sandbox.run('return vm_memory().total / 2', {
 *   callbacks: { vm_memory: async () => ({ total: 1000 }) },
 * })
 * if (outcome.ok) console.log(outcome.value) // 500
 * await sandbox.stop()
 * ```
 *
 * Every script gets a fresh Lua 5.4 in a thread of a pool. It calls the host's functions as if they
 * were Lua's own; it can neither load code nor see an object of the host. Endless loops, memory
 * eaters and floods of calls are ended inside the VM, what cannot be ended there costs its thread.
 * Works in the main thread and in workers; docs/sandbox.md has the limits and guarantees.
 */
export type { Callback, CallbackContext, Callbacks } from './callback-host.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { Failure, FailureCode, Json, Outcome, RunStats, Success } from './outcome.ts'
export {
  createSandbox,
  type RunOptions,
  type Sandbox,
  type SandboxOptions,
  type SandboxStats,
} from './sandbox.ts'
