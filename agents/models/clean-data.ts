/**
 * Cleans data of the monitored program where it enters: what comes out holds neither secrets nor
 * characters that nobody sees. Everything behind it (Lua scripts, journal, insights file, observer,
 * prompts) gets the cleaned data, so that no script can take a secret apart to get it past a
 * pattern.
 */
import { isSecretName, printable, redact } from './redact.ts'

/** Characters of one piece of data that are looked through; text beyond is left out. */
const maximumCharacters = 1_000_000
const maximumDepth = 64
const leftOut = '[left out: too much text to look through for secrets]'

/**
 * A copy of the data without secrets: by the shape of texts and keys, by the name that a value has
 * (`{ password }`, `{ name: 'Cookie', value }`, `['Authorization', '…']`), and `secrets` literally.
 * Linear in the size of the data.
 */
export function cleaned<Value>(data: Value, secrets?: readonly string[]): Value
export function cleaned(data: unknown, secrets: readonly string[] = []): unknown {
  return new Cleaner(secrets).data(data, 0)
}

/** One text, cleaned. */
export function cleanText(text: string, secrets: readonly string[] = []): string {
  return new Cleaner(secrets).text(text)
}

class Cleaner {
  readonly #secrets: readonly string[]
  #left = maximumCharacters

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  data(data: unknown, depth: number): unknown {
    if (typeof data === 'string') return this.text(data)
    if (typeof data !== 'object' || data === null) return data
    if (depth >= maximumDepth) return '[too deep]'
    return Array.isArray(data) ? this.#list(data, depth) : this.#object(data, depth)
  }

  text(text: string): string {
    if (text.length < 3) return text
    if (text.length > this.#left) return leftOut
    this.#left -= text.length
    return redact(printable(text), this.#secrets)
  }

  /** Raw headers are a flat list: a value follows its name. */
  #list(list: readonly unknown[], depth: number): unknown[] {
    return list.map((item, index) => {
      const before: unknown = index === 0 ? undefined : list[index - 1]
      const isHeader = typeof before === 'string' && secretHeader.test(before)
      return isHeader && typeof item === 'string' ? '[REDACTED]' : this.data(item, depth + 1)
    })
  }

  #object(object: object, depth: number): unknown {
    const entries: [string, unknown][] = Object.entries(object)
    const names = entries.filter(([key]) => /^(?:name|key|header|field)$/i.test(key))
    const isNamed = names.some(([, name]) => typeof name === 'string' && isName(name))
    const used = new Set<string>()
    return Object.fromEntries(
      entries.map(([key, item]) => {
        const isSecret = isSecretName(key) || (isNamed && /^values?$/i.test(key))
        const clean = isSecret ? hidden(item, depth) : undefined
        return [this.#key(key, used), clean ?? this.data(item, depth + 1)]
      }),
    )
  }

  /** Two keys that look the same once their secrets are gone stay two. */
  #key(key: string, used: Set<string>): string {
    const clean = this.text(key)
    let unique = clean
    for (let serial = 2; used.has(unique); serial++) unique = `${clean} (${serial})`
    used.add(unique)
    return unique
  }
}

const secretHeader =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-(?:api-key|(?:auth|access|csrf|xsrf)-token))$/i

/** The whole text is a name, `Set-Cookie`, and not a sentence that ends in one. */
function isName(text: string): boolean {
  return /^[\w.-]{3,64}$/.test(text) && isSecretName(text)
}

/** What a telling name stands for: texts, in lists too; numbers (`tokens: 12`) are no secrets. */
function hidden(item: unknown, depth: number): unknown {
  if (typeof item === 'string') return item === '' ? '' : '[REDACTED]'
  if (!Array.isArray(item) || depth >= maximumDepth) return undefined
  return item.map(
    (one: unknown) => hidden(one, depth + 1) ?? (typeof one === 'object' ? null : one),
  )
}
