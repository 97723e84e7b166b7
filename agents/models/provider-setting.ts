/** Reads the options of one provider, with what the environment adds to them. */
import { nearest } from '../nearest.ts'
import { numberIn, text, urlOf } from './option-fields.ts'
import { parsePrice } from './price-option.ts'
import {
  isProviderName,
  type ProviderName,
  providerNames,
  providerTable,
} from './provider-table.ts'
import type { Environment, ProviderSetting, ThinkingLevel } from './setting.ts'

const thinkingLevels: readonly ThinkingLevel[] = ['off', 'minimal', 'low', 'medium', 'high']

/** Options of every provider, and those that only some have. */
const commonOptions = [
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
  'headers',
]
const ownOptions: Partial<Record<ProviderName, readonly string[]>> = {
  'aws-bedrock': ['region'],
  'vertex-ai': ['project', 'location'],
  module: ['module', 'export'],
}

/**
 * The first provider whose key is in the environment, if any. One whose other variables are wrong
 * is passed over: they may have been meant for another tool.
 */
export function automaticProvider(environment: Environment): ProviderSetting | undefined {
  for (const provider of providerNames) {
    if (!providerTable[provider].isAutomatic || keyOf(provider, environment) === undefined) continue
    try {
      return parseProvider(new Map([['provider', provider]]), environment, 'model')
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
  }
  return undefined
}

/** @throws {TypeError} Says what was expected; never repeats a key. */
export function parseProvider(
  option: ReadonlyMap<string, unknown>,
  environment: Environment,
  where: string,
): ProviderSetting {
  const provider = option.get('provider')
  if (!isProviderName(provider) || provider === 'function') throw unknownProvider(provider, where)
  const known = [...commonOptions, ...(ownOptions[provider] ?? [])]
  for (const key of option.keys())
    if (!known.includes(key)) throw unknownOption(key, provider, known, where)
  return {
    provider,
    model: modelOf(option, provider, environment, where),
    ...optional('apiKey', keyFor(option, provider, environment, where)),
    ...optional('baseUrl', baseUrlFor(option, provider, environment, where)),
    ...wordsOf(option, where),
    ...numbersOf(option, where),
    ...headersOf(option, where),
    ...placeOf(option, provider, environment, where),
  }
}

function unknownProvider(provider: unknown, where: string): TypeError {
  const names = providerNames.filter((name) => name !== 'function')
  const all = ['auto', 'rules', 'fallback', 'round-robin', ...names]
  const meant = typeof provider === 'string' ? nearest(provider, all) : undefined
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`
  const came = JSON.stringify(provider) ?? String(provider)
  return new TypeError(
    `${where}: unknown provider ${came}${hint} Expected one of ${all.join(', ')}; '<provider>/<model>' names a model too`,
  )
}

function unknownOption(
  key: string,
  provider: ProviderName,
  known: readonly string[],
  where: string,
): TypeError {
  const meant = nearest(key, known)
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`
  return new TypeError(
    `${where}: unknown option '${key}' of ${provider}${hint} Expected ${known.join(', ')}`,
  )
}

function modelOf(
  option: ReadonlyMap<string, unknown>,
  provider: ProviderName,
  environment: Environment,
  where: string,
): string {
  const { defaultModel, modelVariable } = providerTable[provider]
  const named = text(option, 'model', where) ?? variableIn(environment, modelVariable)
  if (named !== undefined) return named
  if (provider === 'module') return text(option, 'module', where) ?? ''
  if (defaultModel !== undefined) return defaultModel
  const variable = modelVariable === undefined ? '' : `, or set ${modelVariable}`
  const example = provider === 'azure-openai' ? 'the name of a deployment' : 'e.g. qwen3:8b'
  throw new TypeError(`${where}: ${provider} needs a model (${example})${variable}`)
}

function keyFor(
  option: ReadonlyMap<string, unknown>,
  provider: ProviderName,
  environment: Environment,
  where: string,
): string | undefined {
  const { keys, needsKey } = providerTable[provider]
  const apiKey = text(option, 'apiKey', where) ?? keyOf(provider, environment)
  if (apiKey === undefined && needsKey)
    throw new TypeError(
      `${where}: ${provider} needs a key; set ${keys.join(' or ')}, or give apiKey`,
    )
  return apiKey
}

function baseUrlFor(
  option: ReadonlyMap<string, unknown>,
  provider: ProviderName,
  environment: Environment,
  where: string,
): string | undefined {
  const { baseUrl, baseUrlVariables, needsBaseUrl } = providerTable[provider]
  const found = firstOf(environment, baseUrlVariables)
  const given = urlOf(option.get('baseUrl') ?? found?.value, found?.name, where) ?? baseUrl
  if (given !== undefined || needsBaseUrl === undefined) return given
  const variables =
    baseUrlVariables === undefined ? '' : `, or set ${baseUrlVariables.join(' or ')}`
  throw new TypeError(`${where}: ${provider} needs baseUrl, ${needsBaseUrl}${variables}`)
}

function wordsOf(
  option: ReadonlyMap<string, unknown>,
  where: string,
): Pick<ProviderSetting, 'apiVersion' | 'thinkingLevel' | 'structured'> {
  const level = text(option, 'thinkingLevel', where)
  const thinkingLevel = thinkingLevels.find((known) => known === level)
  if (level !== undefined && thinkingLevel === undefined)
    throw new TypeError(
      `${where}.thinkingLevel: expected ${thinkingLevels.join(', ')}, got '${level}'`,
    )
  const structured = text(option, 'structured', where)
  if (structured !== undefined && structured !== 'auto' && structured !== 'off')
    throw new TypeError(`${where}.structured: expected 'auto' or 'off', got '${structured}'`)
  return {
    ...optional('apiVersion', text(option, 'apiVersion', where)),
    ...optional('thinkingLevel', thinkingLevel),
    ...(structured === undefined ? {} : { structured }),
  }
}

function numbersOf(
  option: ReadonlyMap<string, unknown>,
  where: string,
): Pick<ProviderSetting, 'temperature' | 'maxOutputTokens' | 'price'> {
  const tokens = numberIn(option.get('maxOutputTokens'), `${where}.maxOutputTokens`, 256, 65_536)
  const price = option.get('price')
  return {
    ...optional('temperature', numberIn(option.get('temperature'), `${where}.temperature`, 0, 2)),
    ...optional('maxOutputTokens', tokens === undefined ? undefined : Math.round(tokens)),
    ...optional('price', price === undefined ? undefined : parsePrice(price, where)),
  }
}

function headersOf(
  option: ReadonlyMap<string, unknown>,
  where: string,
): Pick<ProviderSetting, 'headers'> {
  const given = option.get('headers')
  if (given === undefined) return {}
  const expected = `${where}.headers: expected an object of header names and texts without line ends`
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(expected)
  const headers = Object.entries(given).map(([name, value]: [string, unknown]) => {
    if (!/^[A-Za-z0-9-]{1,100}$/.test(name) || typeof value !== 'string' || /[^\t -~]/.test(value))
      throw new TypeError(`${expected}; the value of '${name.slice(0, 100)}' or its name is none`)
    return [name.toLowerCase(), value]
  })
  return { headers: Object.fromEntries(headers) }
}

/** Where a cloud's model runs, or which module is loaded. */
function placeOf(
  option: ReadonlyMap<string, unknown>,
  provider: ProviderName,
  environment: Environment,
  where: string,
): Pick<ProviderSetting, 'region' | 'project' | 'location' | 'module' | 'export'> {
  if (provider === 'aws-bedrock') {
    const region =
      text(option, 'region', where) ??
      firstOf(environment, ['AWS_REGION', 'AWS_DEFAULT_REGION'])?.value
    return optional('region', region)
  }
  if (provider === 'vertex-ai') {
    const project =
      text(option, 'project', where) ?? firstOf(environment, ['GOOGLE_CLOUD_PROJECT'])?.value
    const location =
      text(option, 'location', where) ?? firstOf(environment, ['GOOGLE_CLOUD_LOCATION'])?.value
    return { ...optional('project', project), location: location ?? 'global' }
  }
  if (provider !== 'module') return {}
  const module = text(option, 'module', where)
  if (module === undefined)
    throw new TypeError(
      `${where}: module needs the address of a module, e.g. 'module/./my-model.js' or { provider: 'module', module: new URL('./my-model.js', import.meta.url).href }`,
    )
  return { module, ...optional('export', text(option, 'export', where)) }
}

function keyOf(provider: ProviderName, environment: Environment): string | undefined {
  return firstOf(environment, providerTable[provider].keys)?.value
}

function variableIn(environment: Environment, name: string | undefined): string | undefined {
  return name === undefined ? undefined : firstOf(environment, [name])?.value
}

function firstOf(
  environment: Environment,
  names: readonly string[] = [],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = environment[name]?.trim()
    if (value !== undefined && value !== '') return { name, value }
  }
  return undefined
}

function optional<const Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  const pair: { [K in Key]?: Value } = {}
  if (value !== undefined) pair[key] = value
  return pair
}
