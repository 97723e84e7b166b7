/**
 * Makes text of the monitored program fit for a prompt: no control or invisible characters, no
 * secrets, not too long. All patterns are linear (every repetition is bounded and none is nested),
 * because the text may have been written by an attacker. What is replaced keeps a trace:
 * `[REDACTED:jwt]`.
 */

/** Zero-width, bidirectional and tag characters: they hide or reorder what a reader sees. */
const invisible =
  /[\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu
/** Terminal sequences (colours, cursor): ESC, `[`, parameters, a final letter. */
const terminal = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]{0,40}[ -/]{0,8}[@-~]`, 'g')
const control = /(?![\n\t])\p{Cc}/gu

const plain = /^[\n\t\x20-\x7e]*$/

/** Strips control and invisible characters; line ends become `\n`. */
export function printable(text: string): string {
  if (plain.test(text)) return text
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

/** Words that say that a secret follows. */
const secretWord =
  'pass(?:word|wd|phrase|code)|(?<![a-z])pass|pwd|secret|token|api[_-]?key|(?:access|account|private|signing|encryption)[_-]?key|credentials?|session[_-]?id'
/** What stands between such a word and its value: quotes, also escaped ones, and `=`, `:` or `=>`. */
const assigns = String.raw`\\{0,2}["']?\s{0,4}(?:=>|[=:]|%3D)\s{0,4}`
/** The value: in quotes, in escaped quotes, or up to the next space or separator. */
const value = String.raw`(?:"[^"\n]{1,512}"|'[^'\n]{1,512}'|\\{1,2}"[^"\n\\]{1,512}|[^\s"',;&[\]{}\\]{3,512})`

/** Shapes of secrets, the most particular first. Each has a test. */
const rules: readonly (readonly [name: string, pattern: RegExp, replacement?: string])[] = [
  [
    'private-key',
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,.-]{0,8000}/g,
  ],
  [
    'url-credentials',
    /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s:@/]{0,128}:[^\s@/]{1,256}@/gi,
    '$1[REDACTED:url-credentials]@',
  ],
  [
    'webhook',
    /((?<![A-Za-z0-9])hooks\.slack\.com\/)[A-Za-z0-9/_-]{10,200}/g,
    '$1[REDACTED:webhook]',
  ],
  [
    'jwt',
    /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}/g,
  ],
  ['bearer', /\b(Bearer|Basic)\s{1,4}[A-Za-z0-9._~+/=-]{12,2048}/gi, '$1 [REDACTED:bearer]'],
  ['aws-key-id', /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ['google-api-key', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/g],
  ['google-token', /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,400}/g],
  ['anthropic', /(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20,200}/g],
  ['openai', /(?<![A-Za-z0-9])sk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,200}/g],
  ['stripe', /(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,200}/g],
  [
    'github',
    /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b/g,
  ],
  ['gitlab', /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,100}/g],
  ['npm', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}\b/g],
  ['slack', /(?<![A-Za-z0-9])xox[abposr]-[A-Za-z0-9-]{10,200}/g],
  ['sendgrid', /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}/g],
  // a header takes the whole line: its value has spaces
  [
    'header',
    new RegExp(String.raw`(\bauthorization${assigns}\\{0,2}["']?)[^\r\n"'\\]{3,2048}`, 'gi'),
    '$1[REDACTED]',
  ],
  [
    'cookie',
    new RegExp(
      String.raw`(\bcookie${assigns}\\{0,2}["']?)[^\s=;,"']{1,100}=[^\r\n"'\\]{0,4096}`,
      'gi',
    ),
    '$1[REDACTED:cookie]',
  ],
  ['assignment', new RegExp(`((?:${secretWord})${assigns})${value}`, 'gi'), '$1[REDACTED]'],
  [
    'flag',
    new RegExp(String.raw`(--?[a-z-]{0,20}(?:${secretWord})\s{1,4})[^\s-][^\s]{2,255}`, 'gi'),
    '$1[REDACTED]',
  ],
  // CREATE USER x IDENTIFIED BY 'y'; ALTER ROLE x WITH PASSWORD 'y'; PASSWORD('y')
  [
    'sql',
    /(\b(?:identified\s{1,4}by|password)\s{0,4}\(?\s{0,4})'[^'\n]{1,256}'/gi,
    '$1[REDACTED:sql]',
  ],
  [
    'url-parameter',
    /([?&](?:sig|signature|x-amz-signature|code|auth|key|sid)=)[^\s&#"']{6,512}/gi,
    '$1[REDACTED]',
  ],
  // ends in letters: `moment@2.29.3` is a package, not an address
  [
    'email',
    /\b[A-Za-z0-9._%+-]{1,64}@(?!\d{1,5}\.\d)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}\b/g,
  ],
]

const cardLike = /\b(?:\d[ -]?){12,18}\d\b/g

/** Something of this is in every text that a rule can match: most texts are names and have none of it. */
const mayHide =
  /[=:@'%\\?]|-----|hooks\.|eyJ|AKIA|ASIA|AIza|ya29|sk-|_(?:live|test)_|whsec_|gh[pousr]_|_pat_|glpat-|npm_|xox|SG\.|(?:bearer|basic)\s|-[a-z-]{0,40}\s|\d(?:[ -]?\d){11}/i

/** Replaces what looks like a secret, and every one of `secrets` literally. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let result = text
  for (const secret of secrets)
    if (secret.length >= 6 && secret.length <= text.length)
      result = result.replaceAll(secret, '[REDACTED:env]')
  if (!mayHide.test(result)) return result
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

const secretName = new RegExp(
  String.raw`(?:${secretWord}|authorization|cookie|auth|jwt|bearer)$`,
  'i',
)

/** A name that tells what its value is: `password`, `x-api-key`, `Set-Cookie`, `sessionToken`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.slice(-64))
}

/** Values that variables with telling names often have and that are no secrets. */
const innocent = new Set(
  'production development undefined disabled required optional anonymous postgres database localhost password changeme'.split(
    ' ',
  ),
)

/**
 * Values of environment variables whose names say that they are secret, longest first, each also as
 * it stands inside of a URL or of JSON. A value that is the beginning of `directory` is a path of
 * the program, not a secret.
 */
export function secretsOf(
  environment: Readonly<Record<string, string | undefined>>,
  directory = '',
): string[] {
  const telling = /KEY|TOKEN|SECRET|PASS|_PWD$|CREDENTIAL|DSN|DATABASE_URL|CONNECTION_STRING/i
  const values = Object.entries(environment)
    .flatMap(([name, set]) => (telling.test(name) && set !== undefined ? [set.trim()] : []))
    .filter((set) => set.length >= 8 && !innocent.has(set.toLowerCase()))
    .filter((set) => !directory.startsWith(set))
  const forms = values.flatMap((set) => [set, inUrl(set), JSON.stringify(set).slice(1, -1)])
  return [...new Set(forms)].toSorted((left, right) => right.length - left.length)
}

function inUrl(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return text // half of a surrogate pair has no form there
  }
}
