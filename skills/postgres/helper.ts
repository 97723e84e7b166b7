/**
 * Tells helpers of the application from the code that uses them, by their source. Pure.
 *
 * `db.query(text, values)` and `getClient()` are where every query and every client comes from; the author
 * looks for the one who called them.
 */

/** What was asked for at the place. */
export type Wanted = 'query' | 'client'

/** Whether a function only hands on what its caller asked for. `text`: its source, header included. */
export function isHelper(text: string, wanted: Wanted): boolean {
  const parameters = parametersOf(text)
  const body = text.slice(headerEnd(text))
  const takes = (name: string): boolean => parameters.includes(name)
  if (wanted === 'query') {
    const [, spread = '', name = ''] =
      /\.query\s*(?:<[^>]*>)?\s*\(\s*(\.\.\.)?\s*([A-Za-z_$][\w$]*)\s*[,)]/.exec(body) ?? []
    return takes(name) || (spread !== '' && name === 'arguments')
  }
  const client = clientName(body)
  const handsOn = [...body.matchAll(/(?<![\w$.])([A-Za-z_$][\w$]*)\s*\(\s*([A-Za-z_$][\w$]*)/g)]
  if (handsOn.some(([, name = '', first]) => takes(name) && first === client)) return true
  if (/\brelease\s*\(/.test(body)) return false
  const returned = /\breturn\s+(?:await\s+)?([\w$.]+)/g
  const isReturned = [...body.matchAll(returned)].some(
    ([, what = '']) => what === client || what.endsWith('.connect'),
  )
  return isReturned || /^\s*=>\s*(?:await\s+)?[\w$.]+\.connect\s*\(/.test(body)
}

/** The variable that holds what `connect()` gave; `client` where it is not plain. */
function clientName(body: string): string {
  return /([A-Za-z_$][\w$]*)\s*=\s*(?:await\s+)?[\w$.]+\.connect\s*\(/.exec(body)?.[1] ?? 'client'
}

function parametersOf(text: string): string[] {
  const header = text.slice(0, headerEnd(text))
  const inside =
    /\(([^)]*)\)/.exec(header)?.[1] ?? /[=:]\s*(?:async\s+)?([\w$]+)\s*$/.exec(header)?.[1] ?? ''
  return inside.split(',').flatMap((part) => /[A-Za-z_$][\w$]*/.exec(part)?.[0] ?? [])
}

/** Where the body begins: at the arrow, or at the brace after the parameters. */
function headerEnd(text: string): number {
  const close = text.indexOf(')')
  const arrow = text.indexOf('=>')
  const brace = text.indexOf('{', Math.max(0, close))
  if (arrow !== -1 && (brace === -1 || arrow < brace)) return arrow
  return brace === -1 ? text.length : brace
}
