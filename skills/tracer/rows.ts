import type { SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { parseStackText } from '../source/frame.ts'
import { placeOfStack, placeText } from '../source/place.ts'
import type { Traced, TracedCall } from './trace.ts'

const SHOWN = 10

const HOW: Record<Traced['stopped'], string> = {
  calls: 'the number of calls that was asked for has been seen',
  time: 'the time that was asked for is over',
  hot: 'it is called too often to be watched; the trace ended itself',
  aborted: 'it was aborted',
}

/** A trace as one row. */
export function traceRow(traced: Traced, context: SkillContext): JsonRecord {
  const { target, signature, stopped, calls, overMs, samples } = traced
  const { name } = target.entry
  const perSecond = overMs <= 0 ? 0 : Math.round((calls * 10_000) / overMs) / 10
  const durations = samples.flatMap(({ ms }) => (ms === undefined ? [] : [ms]))
  const where = placeText({ ...target.place, function: name }, context.root)
  return {
    function: name,
    location: { ...target.place, function: name },
    parameters: [...signature.parameters],
    isAsync: signature.isAsync,
    stopped,
    why: HOW[stopped],
    calls,
    // Of a hot path the calls themselves were slowed down by being watched.
    perSecond,
    perSecondIsAtLeast: stopped === 'hot',
    watchedMs: Math.round(overMs),
    durationP50Ms: quantile(durations, 0.5),
    durationMaxMs: quantile(durations, 1),
    threw: samples.filter(({ ended }) => ended === 'threw').length,
    unfinished: samples.filter(({ ended }) => ended === 'open').length,
    shapes: counted(samples.map((call) => call.arguments)).map(([text, count]) => ({
      arguments: text,
      count,
    })),
    callers: callersOf(samples, name, context),
    observation: observationOf(where, traced, perSecond, durations),
  }
}

function observationOf(
  where: string,
  { stopped, calls, overMs, samples }: Traced,
  perSecond: number,
  durations: readonly number[],
): string {
  if (calls === 0) return `${where} was not called in the time that was watched`
  const rate = stopped === 'hot' ? `at least ${perSecond}` : String(perSecond)
  const often = `${where} was called ${calls} times in ${Math.round(overMs)} ms (${rate} a second)`
  if (stopped === 'hot') return `${often}: a hot path, which was let go of at once`
  const [shape] = counted(samples.map((call) => call.arguments))
  const time =
    durations.length === 0
      ? ''
      : `, took ${quantile(durations, 0.5) ?? 0} ms (median; ${quantile(durations, 1) ?? 0} ms at most)`
  const threw = samples.filter(({ ended }) => ended === 'threw').length
  return `${often}${time}${threw === 0 ? '' : `, threw ${threw} times`}; most often with (${shape?.[0] ?? ''})`
}

/** Who calls it: the first frame that is not the function itself. */
function callersOf(
  samples: readonly TracedCall[],
  name: string,
  { files, ownFolders, root }: SkillContext,
): JsonRecord[] {
  return counted(samples.map(({ caller }) => withoutOwnFrame(caller, name))).map(
    ([stack, count]) => {
      const place = placeOfStack(stack, files, ownFolders)
      return {
        count,
        where:
          place === undefined
            ? 'not known (timers, I/O, or an await above)'
            : placeText(place.location, root),
        location: place === undefined ? null : { ...place.location },
        stack: place?.frames ?? [],
      }
    },
  )
}

function withoutOwnFrame(stack: string, name: string): string {
  const lines = stack.split('\n')
  const [first] = parseStackText(lines[0] ?? '', [])
  const own = name.split('.').at(-1) ?? name
  return first?.function.split('.').at(-1) === own ? lines.slice(1).join('\n') : stack
}

/** The most frequent first. */
function counted(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted((left, right) => right[1] - left[1]).slice(0, SHOWN)
}

function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((left, right) => left - right)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return value === undefined ? null : Math.round(value * 100) / 100
}
