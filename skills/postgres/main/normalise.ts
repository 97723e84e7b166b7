/** Longer statements are told apart by their beginning only. */
const READ_CHARACTERS = 2000
const KEPT_CHARACTERS = 600

const LITERAL =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[A-Za-z_]*)\$[\s\S]*?\$\k<tag>\$|--[^\n]*|\/\*[\s\S]*?\*\/|(?<![\w$])\d+(?:\.\d+)?(?!\w)|\s+/g
const LIST = /\(\s*(?:\?|\$\d+|default)(?:\s*,\s*(?:\?|\$\d+|default))+\s*\)/gi
const ROWS = /\(…\)(?:\s*,\s*\(…\))+/g

/**
 * Makes one text of statements that differ only in their values: literals become `?`, lists of values `(…)`,
 * comments and line breaks a space. What the application wrote as a literal does not leave main by this text.
 */
export function normaliseSql(text: string): string {
  const short = text
    .slice(0, READ_CHARACTERS)
    .replace(LITERAL, replacement)
    .replace(LIST, '(…)')
    .replace(ROWS, '(…), …')
    .replace(/ {2,}/g, ' ')
    .trim()
  return short.length > KEPT_CHARACTERS ? `${short.slice(0, KEPT_CHARACTERS)}…` : short
}

function replacement(found: string): string {
  const first = found.charAt(0)
  if (first === '"') return found
  if (first === "'" || first === '$' || (first >= '0' && first <= '9')) return '?'
  return ' '
}

/** What a statement does to the transaction of its connection. */
export type TransactionStep = 'begin' | 'end' | 'none'

/** Several statements in one text, or one that is cut off, count as none: what they leave is not known. */
export function transactionStep(text: string): TransactionStep {
  if (/;\s*\S|…$/.test(text)) return 'none'
  if (/^(?:begin|start\s+transaction)\b/i.test(text)) return 'begin'
  if (/^rollback\s+to\b/i.test(text)) return 'none'
  return /^(?:commit|rollback|end|abort)\b/i.test(text) ? 'end' : 'none'
}

/** Whether a semicolon separates statements, outside of literals and comments. */
export function isSeveral(text: string): boolean {
  return /;\s*\S/.test(text.replace(LITERAL, (found) => (/^(?:\s|-|\/)/.test(found) ? ' ' : '?')))
}
