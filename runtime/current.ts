/** The runtime that plain code of this thread belongs to, and who is acting in it. */

import { currentProcess } from './context.ts'
import { NotRunning } from './errors.ts'
import type { Kernel } from './kernel.ts'
import type { Process } from './process.ts'

const kernels: Kernel[] = []

/** Plain code of this thread acts in the first runtime that lives; actors always in their own. */
export function enterKernel(kernel: Kernel): void {
  kernels.push(kernel)
}

export function leaveKernel(kernel: Kernel): void {
  const index = kernels.indexOf(kernel)
  if (index >= 0) kernels.splice(index, 1)
}

/** @throws {NotRunning} Outside of actors in a thread without a runtime. */
export function actingKernel(what: string): Kernel {
  const kernel = currentProcess()?.kernel ?? kernels[0]
  if (!kernel) throw new NotRunning(what)
  return kernel
}

/** The actor that runs, or the one that stands for the plain code of this thread. */
export function acting(what: string): Process {
  return currentProcess() ?? actingKernel(what).main
}
