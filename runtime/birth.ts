/** The birth of an actor in this thread, whoever asked for it. */

import { registerAs } from './call.ts'
import { runAsyncAs, runnerOf } from './context.ts'
import {
  type Definition,
  type ErasedBody,
  isDefinition,
  isServerDefinition,
  loadDefinition,
} from './definition.ts'
import { errorReason, NORMAL } from './exit-reason.ts'
import { isThenable, reasonOf } from './handler-result.ts'
import { Inbox } from './inbox.ts'
import type { Kernel } from './kernel.ts'
import type { LocalStart } from './local-start.ts'
import type { Pid } from './pid.ts'
import type { Behaviour, Process } from './process.ts'
import { reportCrash } from './report.ts'
import { ServerLoop } from './server-loop.ts'
import { LOCAL, type SpawnRequest, type StartOutcome } from './signal.ts'
import { plainMessage } from './system-debug.ts'

/**
 * Makes the record, links and watchers first, then runs the code: a link or monitor of birth holds
 * from the first instant. The code starts in a later turn, never on the parent's stack.
 */
export function birth(kernel: Kernel, pid: Pid, request: SpawnRequest, start?: LocalStart): void {
  const process = newborn(kernel, pid, request, start)
  if (process) firstTurn(process, new Birth(request, start))
}

/** Runs a function of this thread as an actor. */
export function birthOfBody(
  kernel: Kernel,
  pid: Pid,
  request: SpawnRequest,
  run: ErasedBody,
): void {
  const process = newborn(kernel, pid, request)
  if (process) firstTurn(process, new BirthOfBody(run, request.args))
}

/** The code begins when the newborn has its first turn. */
function firstTurn(process: Process, birth: Behaviour): void {
  process.behaviour = birth
  process.kernel.scheduler.schedule(process)
}

class Birth implements Behaviour {
  readonly #request: SpawnRequest
  readonly #start: LocalStart | undefined

  constructor(request: SpawnRequest, start: LocalStart | undefined) {
    this.#request = request
    this.#start = start
  }

  run(process: Process): number {
    const [request, start] = [this.#request, this.#start]
    process.behaviour = undefined
    const local = request.definition[LOCAL]
    if (isDefinition(local)) begin(process, request, local, start)
    else {
      loadDefinition(request.definition).then(
        (definition) => begin(process, request, definition, start),
        (error: unknown) => process.kernel.end(process, errorReason(error)),
      )
    }
    return 0
  }
}

class BirthOfBody implements Behaviour {
  readonly #run: ErasedBody
  readonly #args: unknown

  constructor(run: ErasedBody, args: unknown) {
    this.#run = run
    this.#args = args
  }

  run(process: Process): number {
    runBody(process, this.#run, this.#args)
    return 0
  }
}

/** The record of the newborn; none if its name belongs to another, which its parent hears. */
function newborn(
  kernel: Kernel,
  pid: Pid,
  request: SpawnRequest,
  start?: LocalStart,
): Process | undefined {
  const { parent, ancestors, id, kind, trapExit, mailbox } = request
  const hold = request.name === undefined ? undefined : kernel.names.take(request.name, pid)
  if (typeof hold === 'string') return nameTaken(kernel, request, pid, hold, start)
  const process = kernel.adopt({
    pid,
    kin: kernel.kin({ parent, ancestors, kind, initialCall: request.definition.name }),
    id,
    trapExit,
    mailbox,
  })
  process.hold = hold
  if (request.link) process.addLink(parent)
  if (request.monitor) process.watchers.set(request.monitor, parent)
  if (request.started) process.watchers.set(request.started, parent)
  start?.waitFor(process, start.timeoutMs)
  return process
}

/** A name that a registry keeps is taken before any code of the definition runs. */
function begin(
  process: Process,
  request: SpawnRequest,
  definition: Definition,
  start: LocalStart | undefined,
): void {
  const { registryName } = request
  if (!registryName || !process.alive) return run(process, request, definition, start)
  runAsyncAs(process, () => registerAs(registryName)).then(
    (holder) => {
      if (!holder) run(process, request, definition, start)
      else if (process.alive) failed(process, request, { type: 'name-taken', pid: holder }, start)
    },
    (error: unknown) => process.kernel.end(process, errorReason(error)),
  )
}

function run(
  process: Process,
  request: SpawnRequest,
  definition: Definition,
  start: LocalStart | undefined,
): void {
  if (!process.alive) return
  if (!isServerDefinition(definition)) {
    acknowledge(process, request, { type: 'started', pid: process.pid }, start)
    return runBody(process, definition.run, request.args)
  }
  const loop = new ServerLoop(definition.spec, process)
  process.behaviour = loop
  if (request.trapExit === undefined) process.trapExit = definition.spec.trapExit
  loop.init(process, request.args, (outcome) => {
    if (outcome.type === 'refused') failed(process, request, outcome, start)
    else if (outcome.type === 'ignored') failed(process, request, { type: 'ignored' }, start)
    else acknowledge(process, request, { type: 'started', pid: process.pid }, start)
  })
}

function runBody(process: Process, run: ErasedBody, args: unknown): void {
  if (!process.alive) return
  const inbox = new Inbox()
  process.behaviour = inbox
  process.status = 'running'
  const { kernel } = process
  const crashed = (error: unknown): void => {
    const reason = reasonOf(error)
    if (process.alive) reportCrash(process, reason, plainMessage(inbox.last))
    kernel.end(process, reason)
  }
  try {
    const done = runnerOf(run)(process, () => run(args))
    if (isThenable(done)) done.then(() => kernel.end(process, NORMAL), crashed)
    else kernel.end(process, NORMAL)
  } catch (error) {
    crashed(error)
  }
}

/** The start succeeded: from here on a death is an exit, not a failed start. */
function acknowledge(
  process: Process,
  request: SpawnRequest,
  outcome: StartOutcome,
  start: LocalStart | undefined,
): void {
  process.kernel.onReady?.()
  if (start) return start.ready(outcome)
  if (!request.started || !process.watchers.delete(request.started)) return
  const { parent: to, started: ref } = request
  process.kernel.send({ type: 'started', to, ref, outcome })
}

/** A start that was not to be ends `normal`, is completely dead, and only then told. */
function failed(
  process: Process,
  request: SpawnRequest,
  outcome: StartOutcome,
  start: LocalStart | undefined,
): void {
  if (start) {
    const isAwaited = start.settle()
    process.kernel.end(process, NORMAL)
    if (isAwaited) start.tell(outcome)
    return
  }
  const { parent: to, started: ref } = request
  if (ref) process.watchers.delete(ref)
  process.kernel.end(process, NORMAL, ref && { type: 'started', to, ref, outcome })
}

/** A starter gets its answer; for a plain spawn this is a death like any other. */
function nameTaken(
  kernel: Kernel,
  request: SpawnRequest,
  pid: Pid,
  holder: Pid,
  start: LocalStart | undefined,
): undefined {
  if (start) {
    start.tell({ type: 'name-taken', pid: holder })
    return undefined
  }
  const { parent: to, started, link, monitor } = request
  const reason = { type: 'already_started', pid: holder }
  if (monitor) kernel.send({ type: 'down', to, ref: monitor, pid, reason })
  if (link)
    kernel.send({ type: 'exit', to, from: pid, reason: started ? NORMAL : reason, link: true })
  if (!started) return undefined
  kernel.send({ type: 'started', to, ref: started, outcome: { type: 'name-taken', pid: holder } })
  return undefined
}
