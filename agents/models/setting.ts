/** Reads the `model` option: which model is to speak, checked before anything is started. */
import type { Price } from './prices.ts'

/** A checked setting. Plain data; holds the key, so it goes to the gateway and nowhere else. */
export type ModelSetting =
  | { readonly type: 'rules' }
  | ({ readonly type: 'provider' } & ProviderSetting)

export interface ProviderSetting {
  readonly provider: ProviderName
  readonly model: string
  readonly apiKey: string
  /** Without a slash at the end. */
  readonly baseUrl?: string
  /** Path before the model. Default `v1beta`. */
  readonly apiVersion?: string
  /** Default: `low` for operators, `medium` for the coordinator. `off`: not sent. */
  readonly thinkingLevel?: ThinkingLevel
  /** Sent only when given: newer models ignore or refuse it. */
  readonly temperature?: number
  /** Reasoning included. Default 8192. */
  readonly maxOutputTokens?: number
  /** `auto` sends the schema to providers that can enforce one; `off` leaves it to the prompt. */
  readonly structured?: 'auto' | 'off'
  /** For a model that the price table does not know. */
  readonly price?: Price
}

export type ThinkingLevel = 'off' | 'minimal' | 'low' | 'medium' | 'high'

/** What a user may write for `model`. */
export type ModelOption =
  | string
  | ({ readonly provider: string; readonly model?: string; readonly apiKey?: string } & Partial<
      Omit<ProviderSetting, 'provider' | 'model' | 'apiKey'>
    >)

type Environment = Readonly<Record<string, string | undefined>>

/** Providers that exist, with the variables that hold their key and the model taken by default. */
const providers = {
  'google-ai': { keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'], defaultModel: 'gemini-3.8-flash' },
} as const

export type ProviderName = keyof typeof providers

const thinkingLevels: readonly ThinkingLevel[] = ['off', 'minimal', 'low', 'medium', 'high']
const optionNames = [
  'provider',
  'model',
  'apiKey',
  'baseUrl',
  'apiVersion',
  'thinkingLevel',
  'temperature',
  'maxOutputTokens',
  'structured',
  'price',
]

/**
 * Reads `'auto'`, `'rules'`, `'google-ai'`, `'google-ai/<model>'` or an object with `provider`.
 *
 * `auto` (also for undefined) takes the first provider whose key is in the environment, else
 * `rules`. An object may leave out `model` and `apiKey`.
 *
 * @throws {TypeError} Unknown provider or option, missing key, wrong type: says what was expected.
 * @throws {RangeError} A number outside of its bounds.
 */
export function parseModel(option: unknown, environment: Environment): ModelSetting {
  if (option === undefined || option === 'auto') return automatic(environment)
  if (option === 'rules') return { type: 'rules' }
  if (typeof option === 'string') return fromText(option, environment)
  if (typeof option !== 'object' || option === null || Array.isArray(option))
    throw new TypeError(
      `model: expected ${expectedForms()}, got ${Array.isArray(option) ? 'a list' : typeof option}`,
    )
  return fromObject(new Map(Object.entries(option)), environment)
}

/** For messages: `'auto', 'rules', 'google-ai', 'google-ai/<model>' or { provider, … }`. */
function expectedForms(): string {
  const names = Object.keys(providers).map((name) => `'${name}', '${name}/<model>'`)
  return `'auto', 'rules', ${names.join(', ')} or { provider, model, apiKey, … }`
}

function automatic(environment: Environment): ModelSetting {
  for (const name of Object.keys(providers)) {
    if (!isProviderName(name)) continue
    const apiKey = keyOf(name, environment)
    const model = providers[name].defaultModel
    if (apiKey !== undefined) return { type: 'provider', provider: name, model, apiKey }
  }
  return { type: 'rules' }
}

function fromText(option: string, environment: Environment): ModelSetting {
  const slash = option.indexOf('/')
  const name = slash === -1 ? option : option.slice(0, slash)
  const model = slash === -1 ? undefined : option.slice(slash + 1)
  if (model === '') throw new TypeError(`model: '${option}' names no model after the slash`)
  return fromObject(new Map(Object.entries({ provider: name, model })), environment)
}

function fromObject(option: ReadonlyMap<string, unknown>, environment: Environment): ModelSetting {
  for (const key of option.keys()) if (!optionNames.includes(key)) throw unknownOption(key)
  const provider = option.get('provider')
  if (provider === 'rules') return { type: 'rules' }
  if (typeof provider !== 'string' || !isProviderName(provider))
    throw new TypeError(
      `model: unknown provider ${JSON.stringify(provider) ?? 'undefined'}; expected ${expectedForms()}`,
    )
  const apiKey = text(option, 'apiKey') ?? keyOf(provider, environment)
  if (apiKey === undefined)
    throw new TypeError(
      `model: ${provider} needs a key; set ${providers[provider].keys.join(' or ')}, or give apiKey`,
    )
  return {
    type: 'provider',
    provider,
    model: text(option, 'model') ?? providers[provider].defaultModel,
    apiKey,
    ...baseUrlOf(option),
    ...wordsOf(option),
    ...numbersOf(option),
  }
}

function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(providers, name)
}

function keyOf(provider: ProviderName, environment: Environment): string | undefined {
  return providers[provider].keys.map((name) => environment[name]?.trim()).find((key) => key)
}

function unknownOption(key: string): TypeError {
  const nearest = optionNames.find((name) =>
    name.toLowerCase().startsWith(key.toLowerCase().slice(0, 3)),
  )
  const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`
  return new TypeError(`model: unknown option '${key}'${hint} Expected ${optionNames.join(', ')}`)
}

/** A key in a message would be a leak: what came is named by its type only. */
function text(option: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = option.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '')
    throw new TypeError(`model.${key}: expected a text that is not empty, got ${typeof value}`)
  return value.trim()
}

function baseUrlOf(option: ReadonlyMap<string, unknown>): Pick<ProviderSetting, 'baseUrl'> {
  const baseUrl = text(option, 'baseUrl')
  if (baseUrl === undefined) return {}
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new TypeError('model.baseUrl: expected an http or https URL, e.g. http://127.0.0.1:8080')
  return { baseUrl: baseUrl.replace(/\/+$/, '') }
}

function wordsOf(
  option: ReadonlyMap<string, unknown>,
): Pick<ProviderSetting, 'apiVersion' | 'thinkingLevel' | 'structured'> {
  const apiVersion = text(option, 'apiVersion')
  const level = text(option, 'thinkingLevel')
  const thinkingLevel = thinkingLevels.find((known) => known === level)
  if (level !== undefined && thinkingLevel === undefined)
    throw new TypeError(
      `model.thinkingLevel: expected ${thinkingLevels.join(', ')}, got '${level}'`,
    )
  const structured = text(option, 'structured')
  if (structured !== undefined && structured !== 'auto' && structured !== 'off')
    throw new TypeError(`model.structured: expected 'auto' or 'off', got '${structured}'`)
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(thinkingLevel === undefined ? {} : { thinkingLevel }),
    ...(structured === undefined ? {} : { structured }),
  }
}

function numbersOf(
  option: ReadonlyMap<string, unknown>,
): Pick<ProviderSetting, 'temperature' | 'maxOutputTokens' | 'price'> {
  const temperature = numberIn(option.get('temperature'), 'model.temperature', 0, 2)
  const maxOutputTokens = numberIn(
    option.get('maxOutputTokens'),
    'model.maxOutputTokens',
    256,
    65_536,
  )
  const price = option.get('price')
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens: Math.round(maxOutputTokens) }),
    ...(price === undefined ? {} : { price: parsePrice(price) }),
  }
}

function parsePrice(price: unknown): Price {
  const fields = new Map<string, unknown>(
    typeof price === 'object' && price !== null ? Object.entries(price) : [],
  )
  const dollars = (key: string) => numberIn(fields.get(key), `model.price.${key}`, 0, 10_000)
  const inputPerMillion = dollars('inputPerMillion')
  const outputPerMillion = dollars('outputPerMillion')
  const cachedPerMillion = dollars('cachedPerMillion')
  if (inputPerMillion === undefined || outputPerMillion === undefined)
    throw new TypeError(
      'model.price: expected { inputPerMillion, outputPerMillion, cachedPerMillion? } in dollars',
    )
  return {
    inputPerMillion,
    outputPerMillion,
    ...(cachedPerMillion === undefined ? {} : { cachedPerMillion }),
  }
}

function numberIn(value: unknown, name: string, low: number, high: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`${name}: expected a number from ${low} to ${high}, got ${typeof value}`)
  if (value < low || value > high)
    throw new RangeError(`${name}: expected ${low} to ${high}, got ${value}`)
  return value
}
