/**
 * Makes text of the monitored program fit for a prompt: no control or invisible characters, no
 * secrets, not too long. All patterns are linear (no nested repetition), because the text may have
 * been written by an attacker. What is replaced keeps a trace: `[REDACTED:jwt]`.
 */

/** Zero-width, bidirectional and tag characters: they hide or reorder what a reader sees. */
const invisible =
  /[\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF\u{E0000}-\u{E007F}]/gu
/** Terminal sequences (colours, cursor): ESC, `[`, parameters, a final letter. */
const terminal = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]{0,40}[ -/]{0,8}[@-~]`, 'g')
const control = /(?![\n\t])\p{Cc}/gu

/** Strips control and invisible characters; line ends become `\n`. */
export function printable(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(terminal, '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(invisible, '')
    .replaceAll(control, '')
}

/** Cuts at `maximum` characters and says how much is gone. */
export function cut(text: string, maximum: number): string {
  if (text.length <= maximum) return text
  return `${text.slice(0, maximum)}…[+${text.length - maximum} characters]`
}

/** Shapes of secrets, the most particular first. Each has a test. */
const rules: readonly (readonly [name: string, pattern: RegExp, replacement?: string])[] = [
  [
    'private-key',
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  ],
  [
    'url-credentials',
    /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s:@/]{0,128}:[^\s@/]{1,256}@/gi,
    '$1[REDACTED:url-credentials]@',
  ],
  ['jwt', /\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}/g],
  ['bearer', /\b(Bearer|Basic)\s{1,4}[A-Za-z0-9._~+/=-]{12,2048}/gi, '$1 [REDACTED:bearer]'],
  ['aws-key-id', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ['google-api-key', /\bAIza[A-Za-z0-9_-]{35}/g],
  ['anthropic', /\bsk-ant-[A-Za-z0-9_-]{20,200}/g],
  ['openai', /\bsk-(?:proj-)?[A-Za-z0-9_-]{20,200}/g],
  ['github', /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g],
  ['slack', /\bxox[abposr]-[A-Za-z0-9-]{10,200}/g],
  [
    'assignment',
    /\b([A-Za-z0-9_-]{0,40}(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|cookie)["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"',;&[\]{}]{3,256}/gi,
    '$1[REDACTED]',
  ],
  // ends in letters: `moment@2.29.3` is a package, not an address
  [
    'email',
    /\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}\b/g,
  ],
]

const cardLike = /\b(?:\d[ -]?){12,18}\d\b/g

/** Replaces what looks like a secret, and every one of `secrets` literally. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let result = text
  for (const secret of secrets)
    if (secret.length >= 6) result = result.replaceAll(secret, '[REDACTED:env]')
  for (const [name, pattern, replacement] of rules)
    result = result.replaceAll(pattern, replacement ?? `[REDACTED:${name}]`)
  return result.replaceAll(cardLike, (digits) => (isCard(digits) ? '[REDACTED:card]' : digits))
}

/** Card numbers carry a check digit (Luhn, ISO/IEC 7812-1); timestamps and sizes seldom fit it. */
function isCard(text: string): boolean {
  const digits = Array.from(text.replaceAll(/\D/g, ''), Number).toReversed()
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 0 ? digit : digit * 2
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return sum % 10 === 0
}

/** Values of environment variables whose names say that they are secret, longest first. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const telling = /KEY|TOKEN|SECRET|PASS|CREDENTIAL|DSN|DATABASE_URL/i
  return Object.entries(environment)
    .flatMap(([name, value]) => (telling.test(name) && value !== undefined ? [value] : []))
    .filter((value) => value.length >= 8)
    .toSorted((left, right) => right.length - left.length)
}
