/** Models that callers choose for their runs by name, beside the one that nodelens was started with. */
import type { GatewaySettings } from './gateway-options.ts'
import { Line } from './line.ts'
import { type ModelSetting, parseModel } from './setting.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Lines that are kept open; the oldest is given up for a new one. */
const maxLines = 16

export class ChosenModels {
  readonly #settings: GatewaySettings
  readonly #environment: Environment
  readonly #lines = new Map<string, Line>()
  readonly #keys = new Set<string>()

  constructor(settings: GatewaySettings, environment: Environment = process.env) {
    this.#settings = settings
    this.#environment = environment
  }

  /** Their keys, which no prompt may hold. */
  get secrets(): readonly string[] {
    return [...this.#keys]
  }

  /**
   * The line to a model; undefined for `rules`.
   *
   * @throws {TypeError} There is no such provider, or no key for it.
   */
  lineFor(name: string): Line | undefined {
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    const setting = this.#settingOf(name)
    if (setting.type === 'rules') return undefined
    this.#keys.add(setting.apiKey)
    const [oldest] = this.#lines.keys()
    if (oldest !== undefined && this.#lines.size >= maxLines) this.#lines.delete(oldest)
    const line = new Line(setting, this.#settings)
    this.#lines.set(name, line)
    return line
  }

  /** Another model of the provider that nodelens was started with has its key and its address. */
  #settingOf(name: string): ModelSetting {
    const { model: own } = this.#settings
    const [provider, ...rest] = name.split('/')
    const model = rest.join('/')
    if (own.type === 'provider' && own.provider === provider && model !== '') {
      return { ...own, model }
    }
    return parseModel(name, this.#environment)
  }
}
