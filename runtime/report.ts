/**
 * Reports: what the runtime has to say about failures and (re)starts, as plain data. Nothing is
 * logged here. A report is only made while somebody in the runtime follows reports, and only
 * becomes text when {@link formatReport} is asked.
 */

import { describeReason, type ExitReason, isAbnormal } from './exit-reason.ts'
import type { Kernel } from './kernel.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import type { ProcessKind } from './signal.ts'
import type { SystemEvent } from './system-debug.ts'
import { isHeard, type RuntimeEventName, tell } from './telemetry.ts'
import { printable, toCloneable } from './wire.ts'

/** An actor as a report shows it. */
export interface ProcessFacts {
  readonly pid: Pid
  readonly id?: string
  readonly name?: string
  readonly label?: string
  /** The definition's or function's name. */
  readonly initialCall?: string
  /** Parent, its parent, …; at most 16. */
  readonly ancestors: readonly Pid[]
  readonly links: readonly Pid[]
  readonly trapExit: boolean
  readonly mailbox: number
  readonly handled: number
}

/** A child as a supervisor's report shows it. */
export interface ChildFacts {
  readonly id: string
  readonly pid: Pid | undefined
  readonly restart: string
  readonly significant: boolean
  readonly shutdown: number | string
  readonly type: ProcessKind
}

export type SupervisorContext = 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown'

/** `at` is in milliseconds since the epoch. */
export type Report =
  | {
      /** An actor's own code ended it abnormally (not for `normal` and `shutdown`). */
      readonly type: 'crash-report'
      readonly level: 'error'
      readonly at: number
      readonly process: ProcessFacts
      readonly reason: ExitReason
      /** What it was handling, or had received last; absent: nothing. Functions and tasks too. */
      readonly lastMessage?: unknown
      /** Linked actors of the same thread that do not trap exits: they die too. At most 15. */
      readonly neighbours: readonly ProcessFacts[]
    }
  | {
      /** A server ended abnormally: what it was doing. Comes before its crash report. */
      readonly type: 'server-report'
      readonly level: 'error'
      readonly at: number
      readonly pid: Pid
      readonly server: string
      readonly reason: ExitReason
      readonly lastMessage: unknown
      readonly state: unknown
      /** Who waits for the reply of the call that was being handled. */
      readonly client?: Pid
      /** The last events, if `sys.log` was on. */
      readonly log?: readonly SystemEvent[]
    }
  | {
      /** A message for which the receiver has no handler; it goes on. */
      readonly type: 'unhandled-message'
      readonly level: 'warning' | 'error'
      readonly at: number
      readonly pid: Pid
      readonly server: string
      readonly message: unknown
    }
  | {
      readonly type: 'supervisor-report'
      readonly level: 'error'
      readonly at: number
      readonly supervisor: ProcessFacts
      readonly context: SupervisorContext
      readonly reason: ExitReason
      readonly offender: ChildFacts
    }
  | {
      /** A child is up. `debug`: somebody asked for it; `info`: with its supervisor or again. */
      readonly type: 'progress-report'
      readonly level: 'info' | 'debug'
      readonly at: number
      readonly supervisor: ProcessFacts
      readonly started: ChildFacts
    }
  | {
      /**
       * A thread's loop does not turn, or turns again after that; or it was to end and cannot: then
       * it was given up (its actors are dead to everybody, it ends when its native code returns).
       */
      readonly type: 'thread-report'
      readonly level: 'info' | 'warning' | 'error'
      readonly at: number
      readonly context: 'stuck' | 'turns_again' | 'abandoned'
      readonly ordinal: number
      readonly thread: string
      /** The actor to which the thread belongs; absent for a shared one. */
      readonly pid?: Pid
      /** How long it did not turn, or was waited for, milliseconds. */
      readonly ms: number
      readonly action: 'report' | 'kill'
      /** Its frames, innermost first; or why there are none. */
      readonly stack?: string
      readonly noStack?: string
    }
  | {
      /** The runtime was to end within `stopMs` and had not; what is left loses its threads. */
      readonly type: 'shutdown-report'
      readonly level: 'error'
      readonly at: number
      readonly stopMs: number
      /** Actors that still lived, or what else was waited for. */
      readonly left: readonly string[]
    }
  | {
      /** An application's tree has ended. */
      readonly type: 'application-report'
      readonly level: 'info' | 'error'
      readonly at: number
      readonly application: string
      readonly restart: string
      readonly reason: ExitReason
    }

/** Under which event each is told to `node:diagnostics_channel`. */
const EVENTS = {
  'crash-report': 'report:crash',
  'server-report': 'report:server',
  'unhandled-message': 'report:unhandled-message',
  'supervisor-report': 'report:supervisor',
  'progress-report': 'report:progress',
  'application-report': 'report:application',
  'thread-report': 'report:thread',
  'shutdown-report': 'report:shutdown',
} as const satisfies Record<Report['type'], RuntimeEventName>

const MAX_NEIGHBOURS = 15

/** Tells a report from any other message. */
export function isReport(message: unknown): message is Report {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    Object.hasOwn(EVENTS, message.type) &&
    'at' in message
  )
}

/** Whether anybody follows reports, or listens to those of this kind. */
export function wantsReport(kernel: Kernel, type: Report['type']): boolean {
  return kernel.shared.reported || isHeard(kernel, EVENTS[type])
}

/** Makes a report if anybody wants it; otherwise reads two shared numbers. */
export function emitReport<Type extends Report['type']>(
  kernel: Kernel,
  type: Type,
  make: () => Extract<Report, { type: Type }>,
): void {
  if (!wantsReport(kernel, type)) return
  const report = toCloneable(make())
  if (!isReport(report)) return
  if (kernel.shared.reported) kernel.control({ type: 'report', report })
  tell(kernel, EVENTS[type], () => report)
}

export function reportCrash(process: Process, reason: ExitReason, lastMessage?: unknown): void {
  if (!isAbnormal(reason)) return
  emitReport(process.kernel, 'crash-report', () => ({
    type: 'crash-report',
    level: 'error',
    at: Date.now(),
    process: factsOf(process),
    reason,
    ...(lastMessage === undefined ? {} : { lastMessage }),
    neighbours: neighboursOf(process).map(factsOf),
  }))
}

export function factsOf(process: Process): ProcessFacts {
  const { pid, id, name, label, initialCall, ancestors, currentLinks, trapExit, mailbox, handled } =
    process
  return {
    pid,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(label === undefined ? {} : { label }),
    ...(initialCall === undefined ? {} : { initialCall }),
    ancestors,
    links: [...currentLinks],
    trapExit,
    mailbox: mailbox.size,
    handled,
  }
}

/** Breadth first over the links, through those that will die of it. */
function neighboursOf(process: Process): Process[] {
  const found: Process[] = []
  const queue: Process[] = [process]
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const pid of next.currentLinks) {
      const other = process.kernel.processes.get(pid)
      if (!other || other.trapExit || other === process || found.includes(other)) continue
      if (found.length === MAX_NEIGHBOURS) return found
      found.push(other)
      queue.push(other)
    }
  }
  return found
}

/**
 * One line for people.
 *
 * @param maxLength The longest text that is returned, characters. Default 1000.
 */
export function formatReport(report: Report, { maxLength = 1000 } = {}): string {
  const text = `${report.level} ${textOf(report)}`.replaceAll(/\s+/g, ' ')
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
}

function textOf(report: Report): string {
  switch (report.type) {
    case 'crash-report':
      return `crash of ${nameOf(report.process)}: ${describeReason(report.reason)}; neighbours: ${report.neighbours.map(nameOf).join(', ') || 'none'}`
    case 'server-report':
      return `server ${report.server} ${report.pid} ends: ${describeReason(report.reason)}; last message: ${printable(report.lastMessage)}; state: ${printable(report.state)}`
    case 'unhandled-message':
      return `server ${report.server} ${report.pid} has no handler for ${printable(report.message)}`
    case 'supervisor-report':
      return `supervisor ${nameOf(report.supervisor)}: ${report.context} of ${report.offender.id}: ${describeReason(report.reason)}`
    case 'progress-report':
      return `supervisor ${nameOf(report.supervisor)} started ${report.started.id} ${report.started.pid}`
    case 'thread-report':
      return threadText(report)
    case 'shutdown-report':
      return `the runtime had not ended within ${report.stopMs} ms: ${report.left.join(', ')}`
    case 'application-report':
      return `application ${report.application} (${report.restart}) ended: ${describeReason(report.reason)}`
    default:
      return printable(report)
  }
}

function threadText(report: Extract<Report, { type: 'thread-report' }>): string {
  const { thread, ordinal, context, ms, action, stack, noStack } = report
  const head = `thread ${thread} (${ordinal})`
  if (context === 'turns_again') return `${head} turns again after ${ms} ms`
  if (context === 'abandoned') return `${head} was given up: it did not end within ${ms} ms`
  const what = action === 'kill' ? 'is ended' : 'goes on'
  return `${head} has not turned for ${ms} ms and ${what}; stack: ${stack ?? noStack ?? 'not taken'}`
}

function nameOf({ pid, id, name, initialCall }: ProcessFacts): string {
  return `${name ?? id ?? initialCall ?? 'actor'} ${pid}`
}
