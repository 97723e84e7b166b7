/** How a coordinator asks the strategies of its runs: one thread for each run that has its own. */
import { call, child, exit, isPid, type Pid, whereis } from '../../runtime/index.ts'
import { isObject } from '../vocabulary/json.ts'
import type { StrategyDecision, StrategyView } from '../vocabulary/strategy.ts'
import { names, strategyName } from './names.ts'
import { strategyHost } from './strategy-host.ts'

/** Milliseconds for its thread to be ready and its module to be loaded. */
const startMs = 15_000
/** Milliseconds for one decision. */
const decideMs = 5_000

export class StrategyHands {
  readonly #hosts = new Map<string, Promise<Pid>>()

  /**
   * The strategy's decision.
   *
   * @throws {Error} It could not be loaded, threw, decided nothing that is a decision, or was too slow.
   */
  async decide(runId: string, module: string, view: StrategyView): Promise<StrategyDecision> {
    const host = this.#hosts.get(runId) ?? startHost(runId, module)
    this.#hosts.set(runId, host)
    try {
      const decision = await call(await host, 'decide', view, { timeoutMs: decideMs })
      if (isDecision(decision)) return decision
      throw new TypeError('the strategy decided nothing')
    } catch (error) {
      void this.end(runId)
      throw error
    }
  }

  /** The run has ended or does without it. */
  async end(runId: string): Promise<void> {
    const host = this.#hosts.get(runId)
    this.#hosts.delete(runId)
    if (host === undefined) return
    try {
      exit(await host, { type: 'kill' })
    } catch {
      // It did not start, so there is nothing to end.
    }
  }
}

/** After a crash of the coordinator the run's thread may be there still. */
async function startHost(runId: string, module: string): Promise<Pid> {
  const name = strategyName(runId)
  const running = whereis(name)
  if (running !== undefined) return running
  const spec = child(strategyHost, { args: { module }, id: name, name, restart: 'temporary' })
  const pid = await call(names.operators, 'startChild', spec, { timeoutMs: startMs })
  if (isPid(pid)) return pid
  throw new TypeError(`the supervisor of strategies answered ${String(pid)} instead of a pid`)
}

/** The host has checked it; this tells it from no answer. */
function isDecision(value: unknown): value is StrategyDecision {
  return isObject(value) && (value['type'] === 'ask' || value['type'] === 'act')
}
