/** What each kind of signal does to the actor that receives it (OTP's reception rules). */

import { KILLED, NOPROC } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import { readInfo } from './process-info.ts'
import { CallRequest, CastRequest, type Signal, type SpawnSignal } from './signal.ts'
import { unreachable } from './unreachable.ts'

export function deliverLocally(kernel: Kernel, signal: Exclude<Signal, SpawnSignal>): void {
  switch (signal.type) {
    case 'reply':
      return kernel.pending.replied(signal.ref, signal.value)
    case 'reply-failed':
      return kernel.pending.failed(signal.ref, signal.error)
    case 'started':
      return kernel.pending.replied(signal.ref, signal.outcome)
    case 'down':
      return down(kernel, signal)
    case 'message':
    case 'call':
    case 'cast':
    case 'exit':
    case 'link':
    case 'unlink':
    case 'monitor':
    case 'demonitor':
    case 'info': {
      const process = kernel.processes.get(signal.to)
      if (process) receive(kernel, process, signal)
      else if (signal.to !== kernel.livesFor) missed(kernel, signal)
      return
    }
    case 'aliased':
      return kernel.receiving.deliver(kernel, signal)
    case 'census':
      return answer(kernel, signal, kernel.census(signal.of))
    case 'timer': {
      const { timers } = kernel
      const left = signal.cancel ? timers.cancel(signal.timer) : timers.read(signal.timer)
      return answer(kernel, signal, left)
    }
    default:
      return unreachable(signal)
  }
}

function answer(kernel: Kernel, { from: to, ref }: { from: Pid; ref: Ref }, value: unknown): void {
  kernel.send({ type: 'reply', to, ref, value })
}

type ToProcess = Extract<
  Signal,
  {
    type:
      | 'message'
      | 'call'
      | 'cast'
      | 'exit'
      | 'link'
      | 'unlink'
      | 'monitor'
      | 'demonitor'
      | 'info'
  }
>

function receive(kernel: Kernel, process: Process, signal: ToProcess): void {
  switch (signal.type) {
    case 'message':
      return process.accept(signal.message)
    case 'cast':
      return process.accept(new CastRequest(signal.name, signal.payload))
    case 'call': {
      const { from: pid, ref, name, payload } = signal
      process.watchers.set(ref, pid)
      return process.accept(new CallRequest({ pid, ref }, name, payload))
    }
    case 'exit':
      return exit(kernel, process, signal)
    case 'link':
      process.addLink(signal.from)
      return
    case 'unlink':
      process.removeLink(signal.from)
      kernel.receiving.unlinked(process, signal.from)
      return
    case 'monitor':
      process.watchers.set(signal.ref, signal.from)
      return
    case 'demonitor':
      return process.unwatched(signal.ref)
    case 'info':
      return answer(kernel, signal, readInfo(process, signal.keys))
    default:
      return unreachable(signal)
  }
}

/** A signal to the dead is dropped, except that links, monitors and questions are answered. */
export function missed(kernel: Kernel, signal: Signal): void {
  if (signal.type === 'link') {
    kernel.send({ type: 'exit', to: signal.from, from: signal.to, reason: NOPROC, link: true })
  } else if (signal.type === 'monitor' || signal.type === 'call') {
    const { from: to, to: pid, ref } = signal
    kernel.send({ type: 'down', to, ref, pid, reason: NOPROC })
  } else if (signal.type === 'info') answer(kernel, signal, undefined)
}

function down(kernel: Kernel, signal: Extract<Signal, { type: 'down' }>): void {
  if (kernel.pending.down(signal.ref, signal.reason)) return
  const process = kernel.processes.get(signal.to)
  const monitor = process?.monitors.get(signal.ref)
  if (!process || !monitor) return
  process.monitors.delete(signal.ref)
  const { ref, reason } = signal
  const message = { type: 'DOWN', ref, pid: monitor.name ?? signal.pid, reason }
  if (kernel.receiving.unmonitored(process, ref)) process.pushUrgent(message)
  else process.push(message)
}

/** The table of section "reception of an exit signal": kill, normal, trapping, links. */
function exit(kernel: Kernel, process: Process, signal: Extract<Signal, { type: 'exit' }>): void {
  const { from, reason, link } = signal
  if (link && !process.removeLink(from)) return
  if (!link && reason.type === 'kill') return kernel.end(process, KILLED)
  const isUrgent = link && kernel.receiving.unlinked(process, from)
  if (process.trapExit) {
    const message = { type: 'EXIT', pid: from, reason }
    return isUrgent ? process.pushUrgent(message) : process.push(message)
  }
  if (reason.type === 'normal' && (link || from !== process.pid)) return
  kernel.end(process, reason)
}
