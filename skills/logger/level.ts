/** How loud a line is; 'warn' and 'error' are the application's own words for it, or its logger's. */
export type Level = 'error' | 'warn' | 'info' | 'debug'

const LOOK_AT = 300
/** Words at the head of a line that is not JSON. */
const ERROR_TEXT =
  /\b(?:ERROR|FATAL|CRITICAL|EMERG|PANIC)\b|\b(?:error|fatal|critical)(?=[\]:|])|\blevel=(?:error|fatal|crit)|\b[A-Z]\w*(?:Error|Exception)\b/
const WARN_TEXT = /\bWARN(?:ING)?\b|\bwarn(?:ing)?(?=[\]:|])|\blevel=warn/

/** The level of a line of text, from its first 300 characters. */
export function levelOfText(text: string): Level {
  const head = text.length > LOOK_AT ? text.slice(0, LOOK_AT) : text
  if (head.charCodeAt(0) === 123) return levelOfJson(head)
  if (ERROR_TEXT.test(head)) return 'error'
  return WARN_TEXT.test(head) ? 'warn' : 'info'
}

/** pino and bunyan write numbers, winston and others names. */
function levelOfJson(head: string): Level {
  const match = /"(?:level|severity|lvl)"\s*:\s*(?:(\d+)|"([^"]{0,20}))/.exec(head)
  if (match?.[1] !== undefined) return levelOfNumber(Number(match[1]))
  return match?.[2] === undefined ? 'info' : levelOfName(match[2])
}

/** The numbers of pino and bunyan. https://github.com/pinojs/pino/blob/main/docs/api.md */
export function levelOfNumber(level: number): Level {
  if (level >= 50) return 'error'
  if (level >= 40) return 'warn'
  return level >= 30 ? 'info' : 'debug'
}

/** Names of winston (npm, syslog, cli levels) and others. */
export function levelOfName(name: string): Level {
  const word = name.toLowerCase()
  if (/err|fatal|crit|emerg|alert|panic/.test(word)) return 'error'
  if (word.includes('warn')) return 'warn'
  return /debug|trace|silly|verbose/.test(word) ? 'debug' : 'info'
}

/** The message inside a line of JSON, or the line itself; never a copy of more than 300 characters. */
export function messageIn(text: string): string {
  if (text.charCodeAt(0) !== 123) return text
  const head = text.length > 2000 ? text.slice(0, 2000) : text
  const match = /"(?:msg|message)"\s*:\s*"((?:[^"\\]|\\.){1,300})/.exec(head)
  return match?.[1] ?? text
}
