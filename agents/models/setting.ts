/** Reads the `model` option: which model is to speak, checked before anything is started. */

import { type MainModel, parseMainModel } from './main-model.ts'
import type { Price } from './prices.ts'
import { automaticProvider, parseProvider } from './provider-setting.ts'
import type { ProviderName } from './provider-table.ts'

/** A checked setting. Plain data; holds the keys, so it goes to the gateway and nowhere else. */
export type ModelSetting =
  | { readonly type: 'rules' }
  | ({ readonly type: 'provider' } & ProviderSetting)
  | ModelList
  | {
      readonly type: 'roles'
      readonly coordinator: AgentModel
      readonly operators: AgentModel
    }

/** Several models: `fallback` asks the next when one fails, `round-robin` gives each run another. */
export interface ModelList {
  readonly type: 'list'
  readonly strategy: 'fallback' | 'round-robin'
  readonly models: readonly ProviderSetting[]
}

/** Who speaks for one kind of agent. */
export type AgentModel = Exclude<ModelSetting, { type: 'roles' }>

/** One model of one provider. */
export interface ProviderSetting {
  readonly provider: ProviderName
  readonly model: string
  readonly apiKey?: string
  /** Without a slash at the end. */
  readonly baseUrl?: string
  /**
   * `google-ai`, `vertex-ai`: the path before the model (`v1beta`, `v1`). `anthropic`: the header
   * `anthropic-version` (`2023-06-01`). `azure-openai`: given, the address of a deployment with this
   * `api-version` is asked; else the `v1` address.
   */
  readonly apiVersion?: string
  /** `google-ai` and `vertex-ai`: `low` for operators, `medium` for the coordinator. Others: not sent. */
  readonly thinkingLevel?: ThinkingLevel
  /** Sent only when given: newer models ignore or refuse it. */
  readonly temperature?: number
  /** Reasoning included. Default 8192. */
  readonly maxOutputTokens?: number
  /** `auto` sends the schema to providers that can enforce one; `off` leaves it to the prompt. */
  readonly structured?: 'auto' | 'off'
  /** For a model that the price table does not know. */
  readonly price?: Price
  /** Further HTTP headers, for a proxy or a gateway of one's own. */
  readonly headers?: Readonly<Record<string, string>>
  /** `aws-bedrock`: e.g. `eu-central-1`. */
  readonly region?: string
  /** `vertex-ai`: the project, and where the model runs (`global`). */
  readonly project?: string
  readonly location?: string
  /** `module`: what is imported, and the name of its export (`default`). */
  readonly module?: string
  readonly export?: string
}

export type ThinkingLevel = 'off' | 'minimal' | 'low' | 'medium' | 'high'

/** One model: `'google-ai'`, `'google-ai/<model>'`, options, a function, or an AI SDK model object. */
export type OneModel = string | ProviderOption | MainModel

/** A provider with its options; `model` and `apiKey` may come from the environment. */
export type ProviderOption = { readonly provider: string } & Partial<
  Omit<ProviderSetting, 'provider'>
>

/** One model or several. */
export type AgentModelOption =
  | OneModel
  | { readonly provider: 'fallback' | 'round-robin'; readonly models: readonly OneModel[] }

/** What a user may write for `model`. */
export type ModelOption =
  | AgentModelOption
  | { readonly coordinator: AgentModelOption; readonly operators: AgentModelOption }

export type Environment = Readonly<Record<string, string | undefined>>

/** Functions and model objects of main by the name that stands for them in the setting. */
export type MainModels = Map<string, MainModel>

/** For messages. */
const expectedForms =
  "'auto', 'rules', '<provider>', '<provider>/<model>', { provider, model, apiKey, … }, " +
  "{ provider: 'fallback' | 'round-robin', models: […] }, { coordinator, operators }, " +
  'a function, or a model object of the AI SDK'

/**
 * Reads what a user wrote for `model`.
 *
 * `auto` (also for undefined) takes the first provider whose key is in the environment, else
 * `rules`. An object may leave out `model` and `apiKey`.
 *
 * @param mainModels Functions and model objects that were given are put in here.
 * @throws {TypeError} Unknown provider or option, missing key, wrong type: says what was expected.
 * @throws {RangeError} A number outside of its bounds.
 */
export function parseModel(
  option: unknown,
  environment: Environment,
  mainModels: MainModels = new Map(),
): ModelSetting {
  const reader = new Reader(environment, mainModels)
  const fields = fieldsOf(option)
  if (fields?.has('coordinator') !== true && fields?.has('operators') !== true)
    return reader.agentModel(option, 'model')
  return reader.roles(fields)
}

class Reader {
  readonly #environment: Environment
  readonly #mainModels: MainModels

  constructor(environment: Environment, mainModels: MainModels) {
    this.#environment = environment
    this.#mainModels = mainModels
  }

  roles(fields: ReadonlyMap<string, unknown>): ModelSetting {
    for (const key of fields.keys()) if (!isRole(key)) throw unknownRole(key)
    for (const role of ['coordinator', 'operators'])
      if (!fields.has(role)) throw new TypeError(`model: expected ${role} beside the other one`)
    return {
      type: 'roles',
      coordinator: this.agentModel(fields.get('coordinator'), 'model.coordinator'),
      operators: this.agentModel(fields.get('operators'), 'model.operators'),
    }
  }

  agentModel(option: unknown, where: string): AgentModel {
    if (option === undefined || option === 'auto') {
      const found = automaticProvider(this.#environment)
      return found === undefined ? { type: 'rules' } : { type: 'provider', ...found }
    }
    const fields = fieldsOf(option)
    if (option === 'rules' || fields?.get('provider') === 'rules') return { type: 'rules' }
    const strategy = fields?.get('provider')
    if (fields !== undefined && (strategy === 'fallback' || strategy === 'round-robin'))
      return this.#list(strategy, fields, where)
    return { type: 'provider', ...this.#one(option, where) }
  }

  #list(
    strategy: ModelList['strategy'],
    fields: ReadonlyMap<string, unknown>,
    where: string,
  ): ModelList {
    for (const key of fields.keys())
      if (key !== 'provider' && key !== 'models')
        throw new TypeError(`${where}: unknown option '${key}' of ${strategy}; expected models`)
    const models = fields.get('models')
    if (!Array.isArray(models) || models.length < 2 || models.length > mostModels)
      throw new TypeError(
        `${where}.models: expected a list of 2 to ${mostModels} models for ${strategy}`,
      )
    const read = models.map((model: unknown, index) =>
      this.#one(model, `${where}.models[${index}]`),
    )
    return { type: 'list', strategy, models: read }
  }

  #one(option: unknown, where: string): ProviderSetting {
    const main = parseMainModel(option)
    if (main !== undefined) return this.#remembered(main)
    if (option === 'rules')
      throw new TypeError(`${where}: 'rules' stands in for every model by itself; leave it out`)
    if (typeof option === 'string') return parseProvider(fromText(option), this.#environment, where)
    const fields = fieldsOf(option)
    if (fields === undefined)
      throw new TypeError(`${where}: expected ${expectedForms}, got ${kindOf(option)}`)
    return parseProvider(fields, this.#environment, where)
  }

  #remembered(main: MainModel): ProviderSetting {
    const known = [...this.#mainModels].find(([, model]) => model === main)?.[0]
    if (known !== undefined) return { provider: 'function', model: known }
    const name = nameOf(main)
    const model = this.#mainModels.has(name) ? `${name}-${this.#mainModels.size + 1}` : name
    this.#mainModels.set(model, main)
    return { provider: 'function', model }
  }
}

/** Models of one list. */
const mostModels = 16

function nameOf(main: MainModel): string {
  if (typeof main === 'function') return main.name === '' ? 'anonymous' : main.name
  return `${main.provider}:${main.modelId}`
}

function isRole(key: string): boolean {
  return key === 'coordinator' || key === 'operators'
}

function unknownRole(key: string): TypeError {
  return key === 'compaction'
    ? new TypeError(
        'model.compaction: no model is asked to compact a conversation, it costs nothing; leave it out',
      )
    : new TypeError(`model: unknown role '${key}'; expected coordinator and operators`)
}

function fromText(option: string): ReadonlyMap<string, unknown> {
  const slash = option.indexOf('/')
  const provider = slash === -1 ? option : option.slice(0, slash)
  if (slash === -1) return new Map([['provider', provider]])
  const model = option.slice(slash + 1)
  if (model === '') throw new TypeError(`model: '${option}' names no model after the slash`)
  return new Map([
    ['provider', provider],
    [provider === 'module' ? 'module' : 'model', model],
  ])
}

function fieldsOf(option: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof option !== 'object' || option === null || Array.isArray(option)) return undefined
  return parseMainModel(option) === undefined ? new Map(Object.entries(option)) : undefined
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value
}
