import type { SkillContext } from '../gateway/outside-part.ts'
import { isRecord, type JsonRecord, textOf } from '../json.ts'
import { type Place, placeOfStack, placeText } from '../source/place.ts'
import type { Leak } from './leak-watch.ts'
import { timeText } from './words.ts'

/** Crashes within this time of one another, of one kind: a loop, which the skill `handles` tells. */
const LOOP_MS = 12_000
const LOOP_COUNT = 4

type Crashes = readonly Readonly<Record<string, unknown>>[]

/** How workers ended, the newest first. */
export function crashRows(
  crashes: Crashes,
  leaks: readonly Leak[],
  context: SkillContext,
  now: number,
): JsonRecord[] {
  return crashes.map((crash) => crashRow(crash, isLooping(crash, crashes), leaks, context, now))
}

function isLooping(crash: Crashes[number], crashes: Crashes): boolean {
  const near = crashes.filter(
    ({ starter, at }) =>
      starter === crash['starter'] && Math.abs(Number(at) - Number(crash['at'])) < LOOP_MS,
  )
  return near.length >= LOOP_COUNT
}

function crashRow(
  crash: Crashes[number],
  isLoop: boolean,
  leaks: readonly Leak[],
  context: SkillContext,
  now: number,
): JsonRecord {
  const error = isRecord(crash['error']) ? crash['error'] : {}
  const placeOf = (stack: unknown): Place | undefined =>
    placeOfStack(textOf(stack, ''), context.files, context.ownFolders)
  const from = placeOf(crash['starter'])
  const thrown = placeOf(error['stack'])
  const place = thrown ?? from
  const isMemory = error['code'] === 'ERR_WORKER_OUT_OF_MEMORY'
  const told = toldOf(crash, error, from, thrown, context.root)
  return {
    threadId: told.threadId,
    error: told.text,
    code: textOf(error['code'], ''),
    agoSeconds: Math.max(0, Math.round((now - Number(crash['at'])) / 1000)),
    lifeMs: told.lifeMs,
    isOutOfMemory: isMemory,
    isLoop,
    location: place === undefined ? null : { ...place.location },
    starter: from === undefined ? null : { ...from.location },
    sourceLine: place?.sourceLine ?? null,
    stack: place?.frames ?? [],
    reportable: place !== undefined && !isLoop && !(isMemory && leaks.length > 0),
    severity: isMemory ? 'critical' : 'warning',
    confidence: thrown === undefined ? 'medium' : 'high',
    ...(isMemory ? memoryWords(told) : crashWords(told)),
  }
}

interface ToldCrash {
  readonly text: string
  readonly thrown: string
  readonly starter: string
  readonly lifeMs: number
  readonly threadId: number
}

function toldOf(
  crash: Crashes[number],
  error: Readonly<Record<string, unknown>>,
  from: Place | undefined,
  thrown: Place | undefined,
  root: string,
): ToldCrash {
  return {
    text: `${textOf(error['name'])}: ${textOf(error['message'])}`,
    thrown: thrown === undefined ? '' : ` in ${placeText(thrown.location, root)}`,
    starter: from === undefined ? 'the application' : placeText(from.location, root),
    lifeMs: Number(crash['lifeMs']),
    threadId: Number(crash['threadId']),
  }
}

function crashWords({ text, thrown, starter, lifeMs, threadId }: ToldCrash): JsonRecord {
  return {
    observation: `Worker thread ${threadId} that ${starter} started has crashed with "${text}"${thrown}, ${timeText(lifeMs)} after its start`,
    explanation: `${text}${thrown} is caught by nobody in its worker thread and ends it; what it was working on is lost`,
    remedy: `Handle the error${thrown}, or catch it around each task and answer with a failure; let ${starter} replace the thread on 'error', with a back-off`,
  }
}

function memoryWords({ starter, lifeMs, threadId }: ToldCrash): JsonRecord {
  return {
    observation: `Worker thread ${threadId} that ${starter} started has run out of memory after ${timeText(lifeMs)} and was ended (ERR_WORKER_OUT_OF_MEMORY)`,
    explanation: `The heap of the worker that ${starter} starts reached its limit (resourceLimits): it holds too much at once, or it leaks`,
    remedy: `See what the worker holds from task to task; bound its inputs, and raise maxOldGenerationSizeMb in ${starter} if it needs the memory`,
  }
}
