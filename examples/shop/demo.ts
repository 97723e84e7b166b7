import { setTimeout as delay } from 'node:timers/promises'
import { InsightFile } from './insight-file.ts'
import type { FromHost, FromLoad, LoadStats, ToHost, ToLoad } from './messages.ts'
import { Peer } from './peer.ts'
import { crashText, insightText, loadText } from './report.ts'
import { names, type Scenario } from './scenarios.ts'
import { duration, type Style } from './terminal.ts'

/** What a demonstration needs; times in milliseconds. */
export interface DemoSettings {
  /** The module that opens the shop with nodelens in it (`host`), and the load generator. */
  readonly hostPath: string
  readonly loadPath: string
  readonly insightsPath: string
  readonly scenarios: readonly Scenario[]
  /** The operator that is made to crash at the end; none if absent. */
  readonly crashSkill?: string
  readonly baselineMs: number
  /** How long a fault is on at least, so that its symptom shows in the numbers. */
  readonly symptomMs: number
  /** How long an insight may take. */
  readonly insightMs: number
  readonly style: Style
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

/** How one fault went. */
export interface Finding {
  readonly title: string
  readonly found: boolean
  readonly tookMs: number
  readonly before?: LoadStats
  readonly during?: LoadStats
}

type Host = Peer<ToHost, FromHost>
type Load = Peer<ToLoad, FromLoad>

const startMs = 60_000
const answerMs = 60_000

/** The shop under load, with the driver of the demonstration outside of both. */
export class Demo {
  readonly #settings: DemoSettings
  readonly #insights: InsightFile
  readonly #host: Host
  #load: Load | undefined
  #url = ''

  constructor(settings: DemoSettings) {
    this.#settings = settings
    this.#insights = new InsightFile(settings.insightsPath)
    this.#host = new Peer('shop', settings.hostPath, {
      env: { NODELENS_INSIGHTS_FILE: settings.insightsPath },
    })
  }

  /** Runs all scenarios. @returns One finding for each, in order. */
  async run(): Promise<readonly Finding[]> {
    const { style, print, signal, baselineMs, scenarios, crashSkill } = this.#settings
    const ready = await this.#host.hear('ready', { timeoutMs: startMs, signal })
    this.#url = ready.url
    print(`${style.faint('shop    ')} ${ready.url}`)
    print(`${style.faint('observer')} ${style.accent(ready.observerUrl ?? 'off')}`)
    this.#load = new Peer('load generator', this.#settings.loadPath, { args: [ready.url] })
    await this.#window(Math.min(1_000, baselineMs)) // the first requests compile the shop
    const before = await this.#window(baselineMs)
    print(`\n${style.bold('The shop is well')}`)
    print(loadText('load', before, style))
    const findings: Finding[] = []
    for (const scenario of scenarios) findings.push(await this.#play(scenario, before))
    if (crashSkill !== undefined) findings.push(await this.#crash(crashSkill))
    return findings
  }

  /** Ends both processes. @returns Whether the shop ended by itself. */
  async stop(): Promise<boolean> {
    this.#load?.kill()
    return this.#host.end({ type: 'stop' }, 15_000)
  }

  kill(): void {
    this.#load?.kill()
    this.#host.kill()
  }

  async #play(scenario: Scenario, before: LoadStats): Promise<Finding> {
    const { style, print, signal, symptomMs, insightMs } = this.#settings
    const { title, fault, attack, ask } = scenario
    print(`\n${style.bold(title)}\n    ${style.faint(scenario.story)}`)
    const from = this.#insights.read().length
    await this.#setFault(fault, true)
    const startedAt = Date.now()
    this.#tellLoad({ type: 'window-open' })
    this.#tellLoad({ type: 'attack', kind: attack })
    if (ask !== undefined) await this.#ask(ask)
    const askedAt = Date.now()
    const insight = await this.#insights.next((seen) => names(seen, scenario), {
      from,
      timeoutMs: insightMs,
      signal,
    })
    const since = ask === undefined ? startedAt : askedAt
    const tookMs = (insight === undefined ? Date.now() : Date.parse(insight.createdAt)) - since
    await delay(Math.max(0, startedAt + symptomMs - Date.now()), undefined, { signal })
    const during = await this.#closeWindow()
    print(loadText('before', before, style))
    print(loadText('now', during, style))
    if (insight === undefined) this.#printMiss(tookMs, from)
    else print(insightText(insight, Math.max(0, tookMs), style))
    await this.#recover(scenario)
    return { title, found: insight !== undefined, tookMs, before, during }
  }

  async #ask({ reason, skills, afterMs }: NonNullable<Scenario['ask']>): Promise<void> {
    await delay(afterMs, undefined, { signal: this.#settings.signal })
    this.#host.tell({ type: 'investigate', reason, skills })
  }

  #printMiss(tookMs: number, from: number): void {
    const { style, print } = this.#settings
    print(`    ${style.bad(`✖ not found within ${duration(tookMs)}`)}`)
    for (const { summary, location } of this.#insights.read().slice(from)) {
      const where =
        location === undefined ? '' : ` (${location.function} ${location.file}:${location.line})`
      print(`    ${style.faint(`instead: ${summary}${where}`)}`)
    }
  }

  async #recover({ fault, attack }: Scenario): Promise<void> {
    if (attack !== 'none') this.#tellLoad({ type: 'attack', kind: 'none' })
    await this.#setFault(fault, false)
  }

  async #crash(skill: string): Promise<Finding> {
    const { style, print, signal, insightMs } = this.#settings
    const title = 'An operator that crashes'
    print(
      `\n${style.bold(title)}\n    ${style.faint(`The operator of '${skill}' is killed while it is needed.`)}`,
    )
    this.#host.tell({ type: 'crash-operator', skill })
    try {
      const { report } = await this.#host.hear('operator-crashed', { timeoutMs: insightMs, signal })
      print(crashText(report, style))
      return { title, found: true, tookMs: report.answeredAfterMs }
    } catch (error) {
      signal.throwIfAborted()
      print(`    ${style.bad(`✖ ${error instanceof Error ? error.message : String(error)}`)}`)
      return { title, found: false, tookMs: insightMs }
    }
  }

  /** Over HTTP as an operator of the shop would; waits out a stall. */
  async #setFault(name: string, on: boolean): Promise<void> {
    const signal = AbortSignal.any([this.#settings.signal, AbortSignal.timeout(answerMs)])
    const response = await fetch(`${this.#url}/admin/faults`, {
      method: 'POST',
      body: JSON.stringify({ name, on }),
      signal,
    })
    if (!response.ok) throw new Error(`POST /admin/faults answered ${response.status}`)
    await response.body?.cancel()
  }

  async #window(ms: number): Promise<LoadStats> {
    this.#tellLoad({ type: 'window-open' })
    await delay(ms, undefined, { signal: this.#settings.signal })
    return this.#closeWindow()
  }

  async #closeWindow(): Promise<LoadStats> {
    const load = this.#requireLoad()
    load.tell({ type: 'window-close' })
    const { signal } = this.#settings
    return (await load.hear('window', { timeoutMs: answerMs, signal })).stats
  }

  #tellLoad(message: ToLoad): void {
    this.#requireLoad().tell(message)
  }

  #requireLoad(): Load {
    if (this.#load === undefined) throw new Error('the load generator has not been started')
    return this.#load
  }
}
