/** What each kind of signal does to the actor that receives it (OTP's reception rules). */

import { KILLED, NOPROC } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import type { Process } from './process.ts'
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
    case 'demonitor': {
      const process = kernel.processes.get(signal.to)
      if (process) receive(kernel, process, signal)
      else missed(kernel, signal)
      return
    }
    default:
      return unreachable(signal)
  }
}

type ToProcess = Extract<
  Signal,
  { type: 'message' | 'call' | 'cast' | 'exit' | 'link' | 'unlink' | 'monitor' | 'demonitor' }
>

function receive(kernel: Kernel, process: Process, signal: ToProcess): void {
  switch (signal.type) {
    case 'message':
      return process.push(signal.message)
    case 'cast':
      return process.push(new CastRequest(signal.name, signal.payload))
    case 'call': {
      const { from: pid, ref, name, payload } = signal
      process.watchers.set(ref, pid)
      return process.push(new CallRequest({ pid, ref }, name, payload))
    }
    case 'exit':
      return exit(kernel, process, signal)
    case 'link':
      process.links.add(signal.from)
      return
    case 'unlink':
      process.links.delete(signal.from)
      return
    case 'monitor':
      process.watchers.set(signal.ref, signal.from)
      return
    case 'demonitor':
      process.watchers.delete(signal.ref)
      return
    default:
      return unreachable(signal)
  }
}

/** A signal to the dead is dropped, except that links and monitors are told. */
function missed(kernel: Kernel, signal: ToProcess): void {
  if (signal.type === 'link') {
    kernel.send({ type: 'exit', to: signal.from, from: signal.to, reason: NOPROC, link: true })
  } else if (signal.type === 'monitor' || signal.type === 'call') {
    const { from: to, to: pid, ref } = signal
    kernel.send({ type: 'down', to, ref, pid, reason: NOPROC })
  }
}

function down(kernel: Kernel, signal: Extract<Signal, { type: 'down' }>): void {
  if (kernel.pending.down(signal.ref, signal.reason)) return
  const process = kernel.processes.get(signal.to)
  const monitor = process?.monitors.get(signal.ref)
  if (!process || !monitor) return
  process.monitors.delete(signal.ref)
  const { ref, reason } = signal
  process.push({ type: 'DOWN', ref, pid: monitor.name ?? signal.pid, reason })
}

/** The table of section "reception of an exit signal": kill, normal, trapping, links. */
function exit(kernel: Kernel, process: Process, signal: Extract<Signal, { type: 'exit' }>): void {
  const { from, reason, link } = signal
  if (link && !process.links.delete(from)) return
  if (!link && reason.type === 'kill') return kernel.end(process, KILLED)
  if (process.trapExit) return process.push({ type: 'EXIT', pid: from, reason })
  if (reason.type === 'normal' && (link || from !== process.pid)) return
  kernel.end(process, reason)
}
