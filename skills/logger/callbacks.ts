import * as v from 'valibot'
import { type BuiltInCallback, builtInCallback, countInput } from '../built-in-skill.ts'
import type { MainAccess } from '../gateway/main-access.ts'
import { isRecord, type Json, type JsonRecord, textOf } from '../json.ts'
import { searchTexts } from '../search/search-texts.ts'

export interface CallbackParts {
  readonly access: MainAccess
  readonly patternRows: () => Promise<JsonRecord[]>
  readonly listenerRows: () => Promise<JsonRecord[]>
}

const level = v.optional(v.picklist(['error', 'warn', 'info', 'debug']))

/** The functions of the logger skill. */
export function loggerCallbacks(parts: CallbackParts): Record<string, BuiltInCallback> {
  const limit = countInput(1, 50, 10)
  return {
    logger_patterns: builtInCallback({
      doc: 'Patterns of log lines, the worst first: level, source (console, stdout, stderr, pino, winston, process), text, countTotal, count1m, count5m, perSecond now and beforePerSecond, severity, location {file, line, function, package}, locationIs (thrown, logged), stack, observation, explanation, remedy. { level?, source?, limit = 10 }',
      input: v.strictObject({
        level,
        source: v.optional(v.pipe(v.string(), v.maxLength(50))),
        limit,
      }),
      run: async (input) =>
        (await parts.patternRows())
          .filter((row) => input.level === undefined || row['level'] === input.level)
          .filter((row) => input.source === undefined || row['source'] === input.source)
          .slice(0, input.limit),
    }),
    logger_recent: builtInCallback({
      doc: 'The newest lines that were kept (300 at most, 40 a second), newest first: at, level, source, text (400 characters). { level?, limit = 10 }',
      input: v.strictObject({ level, limit }),
      run: async (input) => (await linesOf(parts.access, input.level)).slice(0, input.limit),
    }),
    logger_search: builtInCallback({
      doc: 'Kept lines that match a pattern, newest first, in time linear in the text: literal text . [] () | * + ? {n,m} ^ $ \\d \\w \\s \\b, without regard to case; no back-references. Gives matches, searched, of, isComplete. { pattern, level?, limit = 10 }',
      input: v.strictObject({
        pattern: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
        level,
        limit,
      }),
      run: async (input) => {
        const lines = await linesOf(parts.access, input.level)
        return searchTexts(lines, (row) => textOf(row['text'], ''), input.pattern, input.limit)
      },
    }),
    logger_listeners: builtInCallback({
      doc: 'Event emitters that Node warned of (too many listeners), most listeners first: event, emitter, count, addedPerMinute, location of the code that adds them, reportable (they keep growing), observation, explanation, remedy. { limit = 10 }',
      input: v.strictObject({ limit }),
      run: async (input) => (await parts.listenerRows()).slice(0, input.limit),
    }),
  }
}

async function linesOf(access: MainAccess, wanted: string | undefined): Promise<JsonRecord[]> {
  const answer = await access.invoke('logger.lines', null, { timeoutMs: 1500 })
  const lines: readonly Json[] = Array.isArray(answer.value) ? answer.value : []
  return lines.flatMap((line): JsonRecord[] => {
    if (!isRecord(line) || (wanted !== undefined && line['level'] !== wanted)) return []
    const { at, text, level: own, source } = line
    return [
      {
        at: new Date(Number(at)).toISOString(),
        level: textOf(own),
        source: textOf(source),
        text: textOf(text, ''),
      },
    ]
  })
}
