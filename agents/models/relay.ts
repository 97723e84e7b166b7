/** Asks one line after the other until one answers; each has its share of the time. */
import type { ModelFailure, ModelOutcome } from '../vocabulary/model-reply.ts'
import type { Clock } from './clock.ts'
import type { Line, TurnFrame } from './line.ts'
import { ProviderError } from './provider.ts'

/** Kinds of failure that end the turn, whoever else could be asked. */
const final: readonly ModelFailure['kind'][] = ['aborted', 'stopped', 'deadline']

export interface Relay {
  readonly lines: readonly Line[]
  readonly frame: TurnFrame
  readonly clock: Clock
  readonly ask: (line: Line, frame: TurnFrame) => Promise<ModelOutcome>
  /** One has failed and `next` is asked. */
  readonly onSwitch: (failure: ModelFailure, next: Line) => void
}

/**
 * The first answer, else the last failure. An answer that is not the first line's says in
 * `fallback` why that one did not give it.
 */
export async function relay({ lines, frame, clock, ask, onSwitch }: Relay): Promise<ModelOutcome> {
  let first: ModelFailure | undefined
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1
    const share = isLast ? undefined : (frame.deadline - clock.now()) / (lines.length - index)
    const outcome = await withShare(frame, share, clock, (part) => ask(line, part))
    if (outcome.ok) return first === undefined ? outcome : withFallback(outcome, first)
    const next = lines[index + 1]
    if (next === undefined || frame.signal.aborted || final.includes(outcome.failure.kind))
      return outcome
    first ??= outcome.failure
    onSwitch(outcome.failure, next)
  }
  throw new RangeError('relay: expected at least one line')
}

function withFallback(
  { reply }: Extract<ModelOutcome, { ok: true }>,
  fallback: ModelFailure,
): ModelOutcome {
  return { ok: true, reply: { ...reply, fallback } }
}

/** A frame that ends after `ms`, so that there is time for the next line. */
async function withShare(
  frame: TurnFrame,
  ms: number | undefined,
  clock: Clock,
  run: (frame: TurnFrame) => Promise<ModelOutcome>,
): Promise<ModelOutcome> {
  if (ms === undefined) return run(frame)
  const controller = new AbortController()
  const onAbort = () => controller.abort(frame.signal.reason)
  if (frame.signal.aborted) onAbort()
  frame.signal.addEventListener('abort', onAbort, { once: true })
  const message = `no usable answer within its ${Math.round(ms)} ms of the turn`
  const cancel = clock.after(ms, () =>
    controller.abort(new ProviderError({ kind: 'timeout', message })),
  )
  const part = { ...frame, signal: controller.signal, deadline: clock.now() + ms }
  try {
    return await run(part)
  } finally {
    cancel()
    frame.attempts = part.attempts
    frame.signal.removeEventListener('abort', onAbort)
  }
}
