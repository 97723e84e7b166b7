/** What the door does for its clients. Every method either answers or throws; none waits for ever. */
import { call, cast, whereis } from '../../runtime/index.ts'
import type {
  CoordinatorStatus,
  DoorRequest,
  LensInfo,
  OperatorStatus,
} from '../client/protocol.ts'
import { UnknownRun, UnknownSkill } from '../errors.ts'
import { unreachable } from '../loop/unreachable.ts'
import { cleanText } from '../models/clean-data.ts'
import { isObject } from '../vocabulary/json.ts'
import { type SkillDescription, summarize } from '../vocabulary/skill-description.ts'
import { awaitRun, callCoordinator, limitsFrom, startRun } from './coordinator-client.ts'
import { runOperator } from './direct-operator-run.ts'
import { names, operatorName } from './names.ts'
import type { OperatorSupply } from './operator-supply.ts'
import { ownSecrets } from './own-secrets.ts'
import type { RunStatus } from './run-status.ts'

type RequestOf<Type extends DoorRequest['type']> = Extract<DoorRequest, { type: Type }>

/** What the door knows of the house. */
export interface DoorArgs {
  readonly node: string
  readonly operatorIdleMs: number
}

export class DoorDesk {
  readonly #args: DoorArgs
  readonly #skills: readonly SkillDescription[]

  constructor(args: DoorArgs, skills: readonly SkillDescription[]) {
    this.#args = args
    this.#skills = skills
  }

  async answer(request: DoorRequest): Promise<unknown> {
    switch (request.type) {
      case 'coordinator-run':
        await this.#start(request)
        return awaitRun(request.runId)
      case 'coordinator-start':
        await this.#start(request)
        return request.runId
      case 'coordinator-await':
        return awaitRun(request.runId ?? (await this.#newestRun()))
      case 'coordinator-status':
        return this.#coordinatorStatus(request.runId)
      case 'coordinator-cancel':
        return callCoordinator('cancel', request.runId, 10_000)
      case 'operator-run':
        return runOperator(request, this.#supply('Operator.run', request.skill), this.#args.node)
      case 'operator-status':
        return this.#operatorStatus(request.skill)
      case 'operator-message':
        return this.#message(request)
      case 'operator-stop':
        return this.#stop(request.skill)
      case 'lens-info':
        return this.#info()
      default:
        return unreachable(request)
    }
  }

  async #start(request: RequestOf<'coordinator-run' | 'coordinator-start'>): Promise<void> {
    const { runId, reason, context, bounds } = request
    const wanted = request.skills ?? this.#skills.map(({ id }) => id)
    const skills = wanted.map((id) => this.#skill('Coordinator.run', id))
    await startRun({
      id: runId,
      ...(reason === undefined ? {} : { reason }),
      context,
      skills: summarize(skills),
      limits: limitsFrom(bounds),
      followUps: 0,
    })
  }

  async #newestRun(): Promise<string> {
    const newest = (await this.#runs()).at(-1)
    if (newest === undefined) throw new UnknownRun('Coordinator.await', undefined)
    return newest.runId
  }

  async #coordinatorStatus(runId: string | undefined): Promise<CoordinatorStatus> {
    const runs = (await this.#runs()).filter((run) => runId === undefined || run.runId === runId)
    return { running: runs.length > 0, runs }
  }

  async #runs(): Promise<RunStatus[]> {
    const runs = await callCoordinator('status', undefined, 10_000)
    return Array.isArray(runs) ? runs.filter(isRunStatus) : []
  }

  async #operatorStatus(id: string): Promise<OperatorStatus> {
    const { title } = this.#skill('Operator.status', id)
    const pid = whereis(operatorName(id))
    if (pid === undefined) return { skill: id, title, running: false, runs: [] }
    const runs = await call(pid, 'status')
    return { skill: id, title, running: true, runs: Array.isArray(runs) ? runs : [] }
  }

  /** `{ ok: true, answer }`, or `{ ok: false, error }` when there is nobody to ask. */
  async #message({ skill: id, text }: RequestOf<'operator-message'>): Promise<unknown> {
    this.#skill('Operator.message', id)
    const pid = whereis(operatorName(id))
    if (pid === undefined) return { ok: false, error: `operator "${id}" is not running` }
    const asked = { from: 'user', text: cleanText(text, ownSecrets()) }
    return call(pid, 'message', asked, { timeoutMs: 60_000 })
  }

  /** Its runs conclude with what is known; the operator itself ends when it is idle. */
  async #stop(id: string): Promise<boolean> {
    this.#skill('Operator.stop', id)
    const pid = whereis(operatorName(id))
    if (pid === undefined) return false
    cast(pid, 'conclude', { cause: 'cancelled' })
    return true
  }

  async #info(): Promise<LensInfo> {
    const status = await call(names.model, 'status')
    const url =
      whereis(names.observer) === undefined ? undefined : await call(names.observer, 'url')
    return {
      model: isObject(status) && typeof status['model'] === 'string' ? status['model'] : 'unknown',
      skills: this.#skills.map(({ id }) => id),
      ...(typeof url === 'string' ? { observerUrl: url } : {}),
    }
  }

  #skill(what: string, id: string): SkillDescription {
    const found = this.#skills.find((skill) => skill.id === id)
    if (found !== undefined) return found
    throw new UnknownSkill(
      what,
      id,
      this.#skills.map((skill) => skill.id),
    )
  }

  #supply(what: string, id: string): OperatorSupply {
    return { skill: this.#skill(what, id), idleMs: this.#args.operatorIdleMs }
  }
}

function isRunStatus(value: unknown): value is RunStatus {
  return isObject(value) && typeof value['runId'] === 'string'
}
