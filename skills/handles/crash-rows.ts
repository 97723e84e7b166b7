import { isRecord, type JsonRecord, textOf } from '../json.ts'
import type { Place } from '../source/place.ts'
import { placeText } from '../source/place.ts'
import { type HandleParts, placeColumns, placeIn } from './parts.ts'
import { numberOf, recordsOf } from './reading.ts'
import { median } from './verdicts.ts'
import type { CrashLoop } from './watch.ts'

/** Workers and child processes that are started again and again and die; what they die of. */
export async function crashRows(parts: HandleParts, now: number): Promise<JsonRecord[]> {
  const loops = new Map(parts.watch.crashLoops(now).map((loop) => [loop.groupId, loop]))
  const call = { timeoutMs: 2000, mayInterrupt: true }
  const answer = await parts.context.access.invoke('handles.crashes', null, call)
  const rows = recordsOf(answer.value).map((group) =>
    crashRow(group, loops.get(numberOf(group['id'])), parts),
  )
  return rows.sort((left, right) => numberOf(right['perMinute']) - numberOf(left['perMinute']))
}

function crashRow(
  group: Readonly<Record<string, unknown>>,
  loop: CrashLoop | undefined,
  parts: HandleParts,
): JsonRecord {
  const error = isRecord(group['error']) ? group['error'] : {}
  const stack = typeof error['stack'] === 'string' ? error['stack'] : ''
  const starter = placeIn(parts, String(group['startedAt']))
  const thrower = placeOfError(parts, stack)
  const columns = placeColumns(parts, thrower ?? starter)
  const lives: unknown = group['livesMs']
  const lifeMs = median(Array.isArray(lives) ? lives.map((life) => numberOf(life)) : [])
  const text = `${textOf(error['name'])}: ${textOf(error['message'])}`
  const rate = loop === undefined ? 0 : (loop.crashes * 60_000) / loop.overMs
  const told = {
    noun: group['what'] === 'child' ? 'Child processes' : 'Worker threads',
    text: error['name'] === 'Exit' ? textOf(error['message']) : text,
    where: thrower === undefined ? '' : ` in ${columns.where}`,
    starter:
      starter === undefined ? 'the application' : placeText(starter.location, parts.context.root),
    lifeMs,
    count: numberOf(group['count']),
    rate: Math.round(rate),
  }
  return {
    ...columns,
    what: String(group['what']),
    error: told.text,
    code: textOf(error['code'], ''),
    count: told.count,
    started: numberOf(group['started']),
    perMinute: told.rate,
    medianLifeMs: lifeMs,
    starter: starter === undefined ? null : { ...starter.location },
    isLoop: loop !== undefined,
    severity: loop === undefined ? 'info' : told.rate >= 20 ? 'critical' : 'warning',
    confidence: thrower === undefined ? 'medium' : 'high',
    ...wordsOf(told, group['what'] === 'child' ? 'child process' : 'worker'),
  }
}

interface Told {
  readonly noun: string
  readonly text: string
  readonly where: string
  readonly starter: string
  readonly lifeMs: number
  readonly count: number
  readonly rate: number
}

function wordsOf(told: Told, one: string): JsonRecord {
  return {
    observation: `${told.noun} that ${told.starter} starts crash with "${told.text}"${told.where}, ${told.count} times so far, ${told.rate} a minute, ${told.lifeMs} ms after their start`,
    explanation: `Crash loop: ${told.noun.toLowerCase()} die with "${told.text}"${told.where}${told.lifeMs < 3000 ? ' as soon as they start' : ''}, and ${told.starter} respawns them again and again, without an effective back-off or limit, so that the same error comes for ever and their work is never done`,
    remedy: `Fix why it ends with "${told.text}"${told.where} (validate that input before it reaches the ${one}, or roll back the change that brought it); let ${told.starter} restart with a back-off, give up after a few crashes, and log the 'error' event instead of swallowing it`,
  }
}

/** The application's frame that threw; a syntax error has its place in the first line only. */
function placeOfError(parts: HandleParts, stack: string): Place | undefined {
  const place = placeIn(parts, stack)
  if (place !== undefined) return place
  const first = /^(\/[^\n]*?|file:[^\n]*?):(\d+)\n/.exec(stack)
  return first === null
    ? undefined
    : placeIn(parts, `    at (${first[1] ?? ''}:${first[2] ?? ''}:1)`)
}
