import { setTimeout as delay } from 'node:timers/promises'
import { SkillFailure } from '../failure.ts'
import { inModule } from '../gateway/bring.ts'
import type { Inspectable } from '../gateway/inspectable.ts'
import type { SkillContext } from '../gateway/outside-part.ts'
import { isRecord, parseJson, textOf } from '../json.ts'
import { asPath } from '../source/frame.ts'
import { findFunction, type LoadedScript, type Target, type Wanted } from './find-function.ts'
import { type Signature, signatureOf } from './signature.ts'

/** How a trace is bounded. */
export interface TraceBounds {
  readonly calls: number
  readonly seconds: number
}

/** What a trace gave. */
export interface Traced {
  readonly target: Target
  readonly signature: Signature
  /** 'calls', 'time': a bound was reached; 'hot': it is called too often to be watched. */
  readonly stopped: 'calls' | 'time' | 'hot' | 'aborted'
  readonly calls: number
  /** From the beginning to the last call. */
  readonly overMs: number
  readonly samples: readonly TracedCall[]
}

export interface TracedCall {
  readonly arguments: string
  readonly caller: string
  readonly ms: number | undefined
  readonly ended: 'returned' | 'threw' | 'open'
}

/** A breakpoint costs some 0.15 ms a call: so many in a tenth of a second are 3 % of the thread. */
const PER_TENTH = 20
const POLL_MS = 20
const RETURNS = 20
const ENABLE = { timeoutMs: 3000 }
const SET = { timeoutMs: 1000, chargeMs: 1 }
const ASK = { timeoutMs: 1000, chargeMs: 0.1 }
const RECORDER = "globalThis[Symbol.for('nodelens.trace')]"

/**
 * Watches the calls of one function for a short time, by breakpoints whose conditions note the call and are
 * never true: nothing ever pauses.
 *
 * It ends by number, by time, and as soon as the calls come too fast. While it runs, `await` is slow in that
 * thread (`Debugger.enable`); everything is taken back at the end, whatever happens.
 *
 * @throws {SkillFailure} bad_input: no such function, or several.
 */
export async function traceCalls(
  target: Inspectable,
  wanted: Wanted,
  bounds: TraceBounds,
  context: SkillContext,
  signal: AbortSignal | undefined,
): Promise<Traced> {
  const scripts: LoadedScript[] = []
  const onScript = (script: unknown): void => {
    if (!isRecord(script)) return
    const url = textOf(script['url'], '')
    if (url !== '') scripts.push({ scriptId: textOf(script['scriptId']), file: asPath(url) })
  }
  // Nothing of ours pauses; what does is another's, or a mistake, and must not stay.
  const onPaused = (): void => void target.post('Debugger.resume', {}, SET).catch(() => {})
  return target.hold(() =>
    target.listen('Debugger.paused', onPaused, () =>
      target.listen('Debugger.scriptParsed', onScript, async () => {
        try {
          await target.post('Debugger.enable', {}, ENABLE)
          const found = findFunction(wanted, scripts, context.files, context)
          const signature = signatureOf(context.files.text(found.file), found.entry)
          if (signature === undefined) throw unreadable(found)
          await arm(target, found, signature, bounds, context)
          return await watch(target, found, signature, bounds, signal)
        } finally {
          await target.post('Debugger.disable', {}, SET).catch(() => {})
          await target
            .evaluate(inModule('tracer/recorder-entry', 'endTrace()'), ASK)
            .catch(() => {})
        }
      }),
    ),
  )
}

function unreadable({ entry, place }: Target): SkillFailure {
  return new SkillFailure(
    'bad_input',
    `the head of ${entry.name} (${place.file}:${place.line}) could not be read; trace another function around it`,
  )
}

async function arm(
  target: Inspectable,
  { scriptId, file }: Target,
  signature: Signature,
  { calls }: TraceBounds,
  { files }: SkillContext,
): Promise<void> {
  const { isAsync, isGenerator, parameters } = signature
  const text = files.text(file)
  const range = {
    start: { scriptId, ...pointAt(text, signature.bodyStart) },
    end: { scriptId, ...pointAt(text, signature.end) },
    restrictToFunction: true,
  }
  const answer = await target.post('Debugger.getPossibleBreakpoints', range, SET)
  const list: unknown = isRecord(answer) ? answer['locations'] : undefined
  const locations = (Array.isArray(list) ? list : []).filter(isRecord)
  const [first] = locations
  if (first === undefined)
    throw new SkillFailure('bad_input', 'the function has no place where a call could be noted')
  const limits = { calls, perTenth: PER_TENTH, isAsync: isAsync || isGenerator }
  const begin = inModule('tracer/recorder-entry', `beginTrace(${JSON.stringify(limits)})`)
  await target.evaluate(begin, { timeoutMs: 2000 })
  const values = parameters.map((name) => `[${JSON.stringify(name)}, ${name}]`).join(', ')
  const enter = `${RECORDER}?.enter([${values}])`
  const leave = `${RECORDER}?.leave()`
  const isOneLine = first['type'] === 'return'
  await setBreakpoint(target, first, isOneLine ? `${enter} || ${leave}` : enter)
  const returns = locations.slice(1).filter((location) => location['type'] === 'return')
  for (const location of returns.slice(0, RETURNS)) await setBreakpoint(target, location, leave)
}

async function setBreakpoint(
  target: Inspectable,
  { scriptId, lineNumber, columnNumber }: Record<string, unknown>,
  condition: string,
): Promise<void> {
  const location = { scriptId, lineNumber, columnNumber }
  await target.post('Debugger.setBreakpoint', { location, condition: `${condition} && false` }, SET)
}

async function watch(
  target: Inspectable,
  found: Target,
  signature: Signature,
  bounds: TraceBounds,
  signal: AbortSignal | undefined,
): Promise<Traced> {
  const until = performance.now() + bounds.seconds * 1000
  let stopped: Traced['stopped'] | undefined
  while (stopped === undefined && performance.now() < until) {
    if (signal?.aborted === true) stopped = 'aborted'
    await delay(POLL_MS, undefined, { ref: false })
    const state = await ask(target, 'state')
    if (state['stopped'] === 'hot' || state['stopped'] === 'calls') stopped = state['stopped']
  }
  // Calls that are under way may still end, if that is soon.
  if (stopped === 'calls') await delay(POLL_MS * 5, undefined, { ref: false })
  const result = await ask(target, 'result')
  const samples: unknown = result['samples']
  return {
    target: found,
    signature,
    stopped: stopped ?? 'time',
    calls: Number(result['calls'] ?? 0),
    overMs: Number(result['overMs'] ?? 0),
    samples: Array.isArray(samples) ? samples.filter(isRecord).map(callOf) : [],
  }
}

async function ask(
  target: Inspectable,
  what: 'state' | 'result',
): Promise<Record<string, unknown>> {
  const text = await target.evaluate(`${RECORDER}?.${what}()`, ASK)
  const value = typeof text === 'string' ? parseJson(text) : null
  return isRecord(value) ? value : {}
}

function callOf(sample: Record<string, unknown>): TracedCall {
  const { ms, ended } = sample
  return {
    arguments: textOf(sample['arguments'], ''),
    caller: textOf(sample['caller'], ''),
    ms: typeof ms === 'number' ? ms : undefined,
    ended: ended === 'threw' || ended === 'open' ? ended : 'returned',
  }
}

/** From 0, as the protocol counts. */
function pointAt(text: string, position: number): { lineNumber: number; columnNumber: number } {
  const before = text.slice(0, position)
  const lineNumber = before.split('\n').length - 1
  return { lineNumber, columnNumber: position - (before.lastIndexOf('\n') + 1) }
}
