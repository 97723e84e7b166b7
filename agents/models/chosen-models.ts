/** Models that callers choose for their runs by name, beside those that nodelens was started with. */
import type { ModelRequest } from '../vocabulary/model-request.ts'
import { type GatewaySettings, keysOf, providersIn } from './gateway-options.ts'
import type { Line } from './line.ts'
import { Routes } from './routes.ts'
import { type ModelSetting, parseModel } from './setting.ts'
import type { Spending } from './spending.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Ways that are kept open; the oldest is given up for a new one. */
const maxRoutes = 16

export class ChosenModels {
  readonly #settings: GatewaySettings
  readonly #spending: Spending
  readonly #environment: Environment
  readonly #routes = new Map<string, Routes>()
  readonly #keys = new Set<string>()

  /** @param spending What they spend is booked there. */
  constructor(
    settings: GatewaySettings,
    spending: Spending,
    environment: Environment = process.env,
  ) {
    this.#settings = settings
    this.#spending = spending
    this.#environment = environment
  }

  /** Their keys, which no prompt may hold. */
  get secrets(): readonly string[] {
    return [...this.#keys]
  }

  /**
   * The lines to a model by its name; none for `rules`.
   *
   * @throws {TypeError} There is no such provider, or no key for it.
   */
  linesFor(request: Pick<ModelRequest, 'agent' | 'runId'>, name: string): readonly Line[] {
    return this.#routesTo(name).linesFor(request)
  }

  /** @throws {TypeError} There is no such provider, or no key for it. */
  check(name: string): void {
    this.#routesTo(name)
  }

  #routesTo(name: string): Routes {
    const known = this.#routes.get(name)
    if (known !== undefined) return known
    const setting = this.#settingOf(name)
    for (const key of keysOf(setting)) this.#keys.add(key)
    const [oldest] = this.#routes.keys()
    if (oldest !== undefined && this.#routes.size >= maxRoutes) this.#routes.delete(oldest)
    const routes = new Routes(setting, this.#settings, this.#spending)
    this.#routes.set(name, routes)
    return routes
  }

  /** Another model of a provider that nodelens was started with has its key and its address. */
  #settingOf(name: string): ModelSetting {
    const [provider, ...rest] = name.split('/')
    const model = rest.join('/')
    const own = providersIn(this.#settings.model).find((one) => one.provider === provider)
    if (own !== undefined && model !== '') return { type: 'provider', ...own, model }
    return parseModel(name, this.#environment)
  }
}
