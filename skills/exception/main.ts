import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { JsonRecord } from '../json.ts'
import { epochMs } from '../probe/clock.ts'
import type { MainPart } from '../probe/main-part.ts'
import { PatternTable } from '../probe/pattern-table.ts'
import { hearProcess } from '../probe/process-events.ts'
import { describeThrown, stackHere, stackOf } from '../probe/stack-text.ts'
import { EXCEPTION_CHANNEL, type ReportedException } from './report.ts'

/** How an exception came to be known. */
type ExceptionKind = 'unhandled_rejection' | 'uncaught' | 'reported'

/** Main's half: counts exceptions by kind, type and message; two stacks of each. */
export function exceptionPart(): MainPart {
  let watch = new ExceptionWatch()
  return {
    skill: 'exception',
    functions: { 'exception.groups': { run: () => watch.table.rows() } },
    install: () => {
      watch = new ExceptionWatch()
      return watch.start()
    },
    read: () => watch.read(),
  }
}

/** What is kept of one exception, and its stack. */
interface Noted {
  readonly thrown: unknown
  readonly message: string
  readonly code: string | undefined
  readonly context: unknown
  readonly at: number
}

type Pattern = NonNullable<ReturnType<PatternTable['note']>>

class ExceptionWatch {
  readonly table = new PatternTable(false)
  readonly #counts: Record<ExceptionKind, number> = {
    unhandled_rejection: 0,
    uncaught: 0,
    reported: 0,
  }
  #handledLate = 0

  /** Returns how to end it. */
  start(): () => void {
    const onReported = (message: unknown): void => {
      if (isReported(message)) this.#note('reported', message.error, message.context)
    }
    subscribe(EXCEPTION_CHANNEL, onReported)
    const stops = [
      hearProcess('unhandledRejection', ([reason]) => this.#note('unhandled_rejection', reason)),
      hearProcess('rejectionHandled', () => {
        this.#handledLate += 1
      }),
      hearProcess('uncaughtExceptionMonitor', ([error, origin]) => {
        if (origin !== 'unhandledRejection') this.#note('uncaught', error)
      }),
    ]
    return () => {
      unsubscribe(EXCEPTION_CHANNEL, onReported)
      for (const stop of stops) stop()
    }
  }

  read(): JsonRecord {
    return { handledLate: this.#handledLate, ...this.#counts, active: this.table.reported() }
  }

  #note(kind: ExceptionKind, thrown: unknown, context?: unknown): void {
    const now = epochMs()
    this.#counts[kind] += 1
    const { name, message, code } = describeThrown(thrown)
    const pattern = this.table.note(kind, name, message, now)
    if (pattern === undefined) return
    const keep = (): void => this.#keep(pattern, kind, { thrown, message, code, context, at: now })
    // Reading the stack of a rejection that is about to end the process would change what Node
    // prints of it; if the process lives, there is time.
    if (kind === 'unhandled_rejection') setImmediate(keep).unref()
    else keep()
  }

  #keep(
    pattern: Pattern,
    kind: ExceptionKind,
    { thrown, message, code, context, at }: Noted,
  ): void {
    const errorStack = typeof thrown === 'object' && thrown !== null ? stackOf(thrown) : undefined
    const callStack = kind === 'reported' ? stackHere() : undefined
    this.table.keep(pattern, {
      at,
      text: message,
      ...(errorStack === undefined ? {} : { errorStack }),
      ...(callStack === undefined ? {} : { callStack }),
      detail: {
        ...(code === undefined ? {} : { code }),
        // What the application adds may be anything: short words only.
        ...(typeof context === 'string' ? { context: context.slice(0, 200) } : {}),
      },
    })
  }
}

function isReported(message: unknown): message is ReportedException {
  return typeof message === 'object' && message !== null && 'error' in message
}
