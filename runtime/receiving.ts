/**
 * What the actors of one thread have said about how things are to reach them: under which aliases,
 * and which links, monitors and aliases have priority. Only the receiver can say so (OTP 28).
 */

import type { Kernel } from './kernel.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { AliasedSignal } from './signal.ts'

/**
 * When an alias ends: with `unalias` only; with its first message; with its monitor; or with either
 * of the last two, the first message then ending the monitor too.
 */
export type AliasMode = 'explicit_unalias' | 'reply' | 'demonitor' | 'reply_demonitor'

interface Alias {
  readonly process: Process
  readonly mode: AliasMode
  readonly priority: boolean
}

interface Own {
  readonly aliases: Set<Ref>
  readonly priorityLinks: Set<Pid>
  readonly priorityMonitors: Set<Ref>
}

export class Receiving {
  readonly #aliases = new Map<Ref, Alias>()
  readonly #own = new Map<Process, Own>()

  addAlias(process: Process, ref: Ref, mode: AliasMode, priority: boolean): void {
    this.#aliases.set(ref, { process, mode, priority })
    this.#of(process).aliases.add(ref)
  }

  /** False: it was not an alias of this actor, or not any more. */
  dropAlias(process: Process, ref: Ref): boolean {
    if (this.#aliases.get(ref)?.process !== process) return false
    this.#aliases.delete(ref)
    this.#own.get(process)?.aliases.delete(ref)
    return true
  }

  addPriorityLink(process: Process, pid: Pid): void {
    this.#of(process).priorityLinks.add(pid)
  }

  addPriorityMonitor(process: Process, ref: Ref): void {
    this.#of(process).priorityMonitors.add(ref)
  }

  /** A link is gone; true if what it brought has priority. */
  unlinked(process: Process, pid: Pid): boolean {
    return this.#own.get(process)?.priorityLinks.delete(pid) ?? false
  }

  /** A monitor is gone, and an alias that was to go with it; true if its `DOWN` has priority. */
  unmonitored(process: Process, ref: Ref): boolean {
    const mode = this.#aliases.get(ref)?.mode
    if (mode === 'demonitor' || mode === 'reply_demonitor') this.dropAlias(process, ref)
    return this.#own.get(process)?.priorityMonitors.delete(ref) ?? false
  }

  /** Whether a message may still come with priority. */
  hasPriority(process: Process): boolean {
    const own = this.#own.get(process)
    if (!own) return false
    if (own.priorityLinks.size > 0 || own.priorityMonitors.size > 0) return true
    return [...own.aliases].some((ref) => this.#aliases.get(ref)?.priority)
  }

  /** A message for whoever has the alias; nobody may have it any more. */
  deliver(kernel: Kernel, { alias: ref, message, priority }: AliasedSignal): void {
    const alias = this.#aliases.get(ref)
    if (!alias) return
    const { process, mode } = alias
    if (mode === 'reply' || mode === 'reply_demonitor') this.dropAlias(process, ref)
    if (mode === 'reply_demonitor') endMonitor(kernel, process, ref)
    if (priority && alias.priority) process.pushUrgent(message)
    else process.accept(message)
  }

  ended(process: Process): void {
    const own = this.#own.get(process)
    if (!own) return
    for (const ref of own.aliases) this.#aliases.delete(ref)
    this.#own.delete(process)
  }

  #of(process: Process): Own {
    const own = this.#own.get(process) ?? {
      aliases: new Set(),
      priorityLinks: new Set(),
      priorityMonitors: new Set(),
    }
    this.#own.set(process, own)
    return own
  }
}

function endMonitor(kernel: Kernel, process: Process, ref: Ref): void {
  const monitor = process.monitors.get(ref)
  if (!monitor) return
  process.monitors.delete(ref)
  kernel.receiving.unmonitored(process, ref)
  kernel.send({ type: 'demonitor', to: monitor.target, from: process.pid, ref })
}
