/** Which lines a request may take, in which order. */
import type { ModelRequest } from '../vocabulary/model-request.ts'
import type { GatewaySettings } from './gateway-options.ts'
import { Line } from './line.ts'
import type { AgentModel, ModelSetting, ProviderSetting } from './setting.ts'
import { Spending } from './spending.ts'

/** Runs whose place in a rotation is remembered; the oldest is forgotten first. */
const maximumRuns = 1_000

interface Route {
  readonly name: string
  readonly lines: readonly Line[]
  readonly rotates: boolean
}

/** The lines to all models of a setting; what they spend is booked in one place. */
export class Routes {
  /** Every line once. */
  readonly lines: readonly Line[]
  readonly spending: Spending
  readonly #settings: GatewaySettings
  readonly #known = new Map<string, Line>()
  readonly #coordinator: Route
  readonly #operators: Route
  readonly #turnOfRun = new Map<string, number>()
  #nextTurn = 0

  constructor(
    model: ModelSetting,
    settings: GatewaySettings,
    spending: Spending = new Spending(settings.limits),
  ) {
    this.#settings = settings
    this.spending = spending
    this.#coordinator = this.#route(model.type === 'roles' ? model.coordinator : model)
    this.#operators = model.type === 'roles' ? this.#route(model.operators) : this.#coordinator
    this.lines = [...this.#known.values()]
  }

  /** For people: `rules`, `provider/model`, `fallback(a, b)`, `coordinator a, operators b`. */
  get name(): string {
    return this.#coordinator === this.#operators
      ? this.#coordinator.name
      : `coordinator ${this.#coordinator.name}, operators ${this.#operators.name}`
  }

  /** The lines for a request, the first to be asked first; none: `rules` speaks. */
  linesFor({ agent, runId }: Pick<ModelRequest, 'agent' | 'runId'>): readonly Line[] {
    const { lines, rotates } = agent === 'coordinator' ? this.#coordinator : this.#operators
    if (!rotates) return lines
    const first = this.#turnFor(runId) % lines.length
    return [...lines.slice(first), ...lines.slice(0, first)]
  }

  /** All turns of a run take the same turn of a rotation: a provider's cache would not hold else. */
  #turnFor(runId: string): number {
    const known = this.#turnOfRun.get(runId)
    if (known !== undefined) return known
    const turn = this.#nextTurn++
    this.#turnOfRun.set(runId, turn)
    const [oldest] = this.#turnOfRun.keys()
    if (oldest !== undefined && this.#turnOfRun.size > maximumRuns) this.#turnOfRun.delete(oldest)
    return turn
  }

  #route(model: AgentModel): Route {
    if (model.type === 'rules') return { name: 'rules', lines: [], rotates: false }
    if (model.type === 'provider') {
      const line = this.#line(model)
      return { name: line.name, lines: [line], rotates: false }
    }
    const lines = model.models.map((one) => this.#line(one))
    const name = `${model.strategy}(${lines.map((line) => line.name).join(', ')})`
    return { name, lines, rotates: model.strategy === 'round-robin' }
  }

  #line(setting: ProviderSetting): Line {
    // a model is the same whether it stands alone or in a list
    const key = JSON.stringify(setting, (name, value: unknown) =>
      name === 'type' ? undefined : value,
    )
    const line = this.#known.get(key) ?? new Line(setting, this.#settings, this.spending)
    this.#known.set(key, line)
    return line
  }
}
