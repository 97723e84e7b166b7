/** All that the agents throw beside `TypeError` and `RangeError` for misuse; told apart by `code`. */
import { RuntimeFailure } from '../runtime/index.ts'
import type { CoordinatorResult } from './loop/coordinator-run.ts'
import type { NoAnswerReason, OperatorResult } from './loop/operator-run.ts'
import { nearest } from './nearest.ts'

/** `start()` was called while nodelens runs in this process. */
export class LensRunning extends RuntimeFailure {
  constructor() {
    super(
      'ERR_LENS_RUNNING',
      'nodelens runs in this process already. Call stop() of the lens that start() returned first, or use that one (with `--import nodelens/register` it was started for you).',
    )
  }
}

/** No nodelens answered in this process. */
export class LensNotRunning extends RuntimeFailure {
  constructor(what: string) {
    super(
      'ERR_LENS_NOT_RUNNING',
      `${what}: nodelens does not run in this process. Call start() first, or start the process with \`node --import nodelens/register\`.`,
    )
  }
}

/** nodelens was stopped while the call was under way. */
export class LensStopped extends RuntimeFailure {
  constructor(what: string) {
    super('ERR_LENS_STOPPED', `${what}: nodelens was stopped before it could answer.`)
  }
}

/** No answer in time; the run goes on and can still be awaited or cancelled. */
export class ClientTimeout extends RuntimeFailure {
  readonly timeoutMs: number
  constructor(what: string, timeoutMs: number) {
    super(
      'ERR_CALL_TIMEOUT',
      `${what}: no answer within ${timeoutMs} ms. What was started goes on until its own deadline.`,
    )
    this.timeoutMs = timeoutMs
  }
}

/** The run could not be brought to an end, because the model failed; `result` holds what is known. */
export class RunFailed extends RuntimeFailure {
  readonly result: CoordinatorResult | OperatorResult
  constructor(runId: string, reason: string, result: CoordinatorResult | OperatorResult) {
    super('ERR_RUN_FAILED', `Run ${runId} failed: ${reason}. What is known is in \`result\`.`)
    this.result = result
  }
}

/** An operator gave no answer to a message. */
export class NoAnswer extends RuntimeFailure {
  readonly why: NoAnswerReason
  constructor(what: string, error: string, why: NoAnswerReason) {
    super('ERR_NO_ANSWER', `${what}: ${error}`)
    this.why = why
  }
}

/** A skill that is not among those of `start({ skills })`. */
export class UnknownSkill extends RuntimeFailure {
  constructor(what: string, skill: string, known: readonly string[]) {
    const meant = nearest(skill, known)
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`
    super(
      'ERR_UNKNOWN_SKILL',
      `${what}: unknown skill "${skill}".${hint} Known skills: ${known.join(', ')}. Nothing was started.`,
    )
  }
}

/** There is no such run, or it ended too long ago. */
export class UnknownRun extends RuntimeFailure {
  constructor(what: string, runId: string | undefined) {
    super(
      'ERR_UNKNOWN_RUN',
      runId === undefined
        ? `${what}: no run is under way. Start one with Coordinator.run() or Coordinator.runAsync().`
        : `${what}: there is no run "${runId}", or it ended too long ago to be known.`,
    )
  }
}

/** Too many runs at a time. */
export class TooManyRuns extends RuntimeFailure {
  /** @param waiting Runs that wait behind those under way, if they may wait at all. */
  constructor(who: string, bound: number, waiting?: number) {
    const queue = waiting === undefined ? '' : ` and ${waiting} that wait`
    super(
      'ERR_TOO_MANY_RUNS',
      `${who} has ${bound} runs under way${queue}, which is its bound. Wait for one to end, or cancel one.`,
    )
  }
}

/** The journal's file cannot be used; nothing in it was changed. */
export class JournalUnusable extends RuntimeFailure {
  readonly file: string
  /** The sentence behind "cannot be used". */
  readonly why: string
  constructor(file: string, why: string, cause?: unknown) {
    super(
      'ERR_JOURNAL_UNUSABLE',
      `The journal ${file} cannot be used: ${why}.`,
      cause === undefined ? undefined : { cause },
    )
    this.file = file
    this.why = why
  }
}
