/** A thread at work: its kernel, and its line to the root. */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { birth } from './birth.ts'
import { enterKernel } from './current.ts'
import { SHUTDOWN } from './exit-reason.ts'
import { sleepThread } from './hibernation.ts'
import { Kernel } from './kernel.ts'
import type { Pid } from './pid.ts'
import { SharedState } from './shared-state.ts'
import type { FromRoot, Signal, SpawnRequest } from './signal.ts'
import { publish } from './telemetry.ts'
import { TreeReporter } from './tree-reporter.ts'
import { unreachable } from './unreachable.ts'

/** Waits for the first order, which says who this thread is; then serves until it ends. */
export function runThread(control: MessagePort): void {
  control.once('message', (message: FromRoot) => {
    if (message.type !== 'begin') throw new Error(`A new thread was told '${message.type}'.`)
    const { ordinal, request, pid, shared } = message
    const kernel = new Kernel(ordinal, new SharedState(shared), (next, transfer) =>
      control.postMessage(next, transfer ?? []),
    )
    enterKernel(kernel)
    kernel.onReady = () => {
      kernel.onReady = undefined
      control.postMessage({ type: 'thread-ready', ordinal })
    }
    serveControl(kernel, control)
    if (request) liveFor(kernel, control, pid, request)
  })
}

/** Listens to what the root tells a thread. */
export function serveControl(kernel: Kernel, control: MessagePort, onStopped?: () => void): void {
  const reporter = new TreeReporter(kernel, (message) => control.postMessage(message))
  const handle = (message: FromRoot): void => {
    switch (message.type) {
      case 'connect':
        return kernel.peers.accept(message.from, message.port)
      case 'thread-down':
        return kernel.threadLost(message.ordinal, message.reason, message.lastWords)
      case 'settled':
        return kernel.peers.settled()
      case 'tree-request':
        return reporter.reply(message.id)
      case 'ping':
        return control.postMessage({ type: 'pong', ordinal: kernel.ordinal })
      case 'telemetry':
        return publish(message.telling)
      case 'hibernate':
        return sleepThread(kernel)
      case 'stopped':
        return onStopped?.()
      case 'begin':
        return
      default:
        return unreachable(message)
    }
  }
  control.on('message', handle)
  kernel.readControl = () => {
    for (let next = receiveMessageOnPort(control); next; next = receiveMessageOnPort(control)) {
      handle(next.message)
    }
  }
}

/** A thread of one actor ends with it; whoever else lives there is shut down first. */
function liveFor(kernel: Kernel, control: MessagePort, pid: Pid, request: SpawnRequest): void {
  const leave = (lastWords: readonly Signal[]): void => {
    kernel.onEnded = undefined
    for (const other of kernel.processes.values()) kernel.end(other, SHUTDOWN)
    control.postMessage({ type: 'thread-idle', ordinal: kernel.ordinal, lastWords })
    setImmediate(() => globalThis.process.exit(0))
  }
  kernel.livesFor = pid
  kernel.onEnded = (process, lastWords) => {
    if (process.pid === pid) leave(lastWords)
  }
  birth(kernel, pid, request)
  if (!kernel.processes.has(pid)) leave([])
}
