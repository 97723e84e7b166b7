import * as v from 'valibot'
import { type BuiltInSkill, builtInCallback, countInput } from '../built-in-skill.ts'
import { SkillFailure } from '../failure.ts'
import type { OutsideHalf, OutsidePart, SkillContext } from '../gateway/outside-part.ts'
import type { JsonRecord } from '../json.ts'
import { traceRow } from './rows.ts'
import { type Traced, traceCalls } from './trace.ts'

const PROMPT = `You can watch the calls of one function of the running program for a short time: how often it is called, by whom, with
arguments of what kind and size (never their contents), how long it takes, whether it throws. Nothing pauses, but while it runs
each call costs about 0.15 ms and await is several times slower: ask for few calls and a short time, and only for a function
that another finding points to. A hot path ends the trace at once; that it is hot is then the answer.
There is nothing to notify by itself: what you see here supports or refutes what other skills suspect.`

/** Calls of one function, watched for a short time. */
export const tracerOutside: OutsidePart = { id: 'tracer', make: makeHalf }

/** What is known of the last trace; nothing of it changes by itself. */
interface State {
  running: string | undefined
  traces: number
  last:
    | { readonly function: string; readonly stopped: Traced['stopped']; readonly calls: number }
    | undefined
}

function makeHalf(context: SkillContext): OutsideHalf {
  const state: State = { running: undefined, traces: 0, last: undefined }
  return {
    skill: {
      id: 'tracer',
      title: 'Calls of one function',
      description:
        'Watches the calls of one function for a short time: rate, callers, shape of the arguments, durations, errors.',
      systemPrompt: PROMPT,
      watch: [],
      drilldown: [],
      snapshot: async () => ({ data: snapshot(state), via: 'outside' }),
      callbacks: callbacksOf(context, state),
    },
  }
}

function snapshot({ running, traces, last }: State): JsonRecord {
  return {
    isTracing: running !== undefined,
    tracing: running ?? null,
    traces,
    lastFunction: last?.function ?? null,
    lastStopped: last?.stopped ?? null,
    lastCalls: last?.calls ?? null,
  }
}

function callbacksOf(context: SkillContext, state: State): BuiltInSkill['callbacks'] {
  return {
    tracer_calls: builtInCallback({
      doc: "Watches the calls of one function until so many were seen or the time is over, and ends itself when they come faster than 200 a second: function, location, stopped ('calls', 'time', 'hot'), calls, perSecond, durationP50Ms, durationMaxMs (of an async function until it settles; null where calls overlap), threw, unfinished, shapes { arguments (kind and size of each), count }, callers { where, location, count }, observation. Give the name as stacks show it (Cart.total), and the end of the file's path where names are not unique. threadId: of a worker of the application; main when absent. { function, file, calls = 20, seconds = 3, threadId }",
      input: v.strictObject({
        function: v.pipe(
          v.string(),
          v.regex(/^[\w$#.]{1,100}$/, 'expected a name such as Cart.total'),
        ),
        file: v.optional(v.pipe(v.string(), v.minLength(3), v.maxLength(300))),
        calls: countInput(1, 50, 20),
        seconds: countInput(1, 10, 3),
        threadId: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      }),
      effect: { probe: { mainPauseMs: 150 } },
      defaultTimeoutMs: 20_000,
      run: async (input, { signal }) => {
        if (state.running !== undefined) {
          throw new SkillFailure(
            'bad_input',
            `${state.running} is being traced; one trace at a time`,
          )
        }
        state.running = input.function
        try {
          const { threadId } = input
          const trace: Parameters<typeof withThread>[2] = (target) =>
            traceCalls(target, input, input, context, signal)
          const traced = await withThread(context, threadId, trace)
          const { stopped, calls } = traced
          state.last = { function: input.function, stopped, calls }
          state.traces += 1
          return traceRow(traced, context)
        } finally {
          state.running = undefined
        }
      },
    }),
  }
}

function withThread(
  { inspector, relay }: SkillContext,
  threadId: number | undefined,
  use: (target: Parameters<typeof traceCalls>[0]) => Promise<Traced>,
): Promise<Traced> {
  return threadId === undefined ? use(inspector) : relay.with(threadId, use)
}
