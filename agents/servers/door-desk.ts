/** What the door does for its clients. Every method either answers or throws; none waits for ever. */
import { call, cast, type Pid, whereis } from '../../runtime/index.ts'
import type {
  CoordinatorStatus,
  DoorRequest,
  LensInfo,
  OperatorStatus,
  RunBounds,
} from '../client/protocol.ts'
import { UnknownRun, UnknownSkill } from '../errors.ts'
import { unreachable } from '../loop/unreachable.ts'
import { cleanText } from '../models/clean-data.ts'
import { isObject } from '../vocabulary/json.ts'
import { type SkillDescription, summarize } from '../vocabulary/skill-description.ts'
import { awaitRun, callCoordinator, limitsFrom, startRun } from './coordinator-client.ts'
import { runOperator } from './direct-operator-run.ts'
import { names, operatorName } from './names.ts'
import { isGone, type OperatorSupply } from './operator-supply.ts'
import { ownSecrets } from './own-secrets.ts'
import { RunCallers } from './run-callers.ts'
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
  readonly #callers = new RunCallers((runId) => callCoordinator('cancel', runId, 10_000))

  constructor(args: DoorArgs, skills: readonly SkillDescription[]) {
    this.#args = args
    this.#skills = skills
  }

  /** @param gone Aborts when the caller has died: nobody waits for the answer then. */
  async answer(request: DoorRequest, gone?: AbortSignal): Promise<unknown> {
    switch (request.type) {
      case 'coordinator-run':
        await this.#start(request)
        return this.#await(request.runId, gone)
      case 'coordinator-start':
        await this.#start(request)
        return request.runId
      case 'coordinator-await':
        return this.#await(request.runId ?? (await this.#newestRun()), undefined)
      case 'coordinator-status':
        return this.#coordinatorStatus(request.runId)
      case 'coordinator-cancel':
        return callCoordinator('cancel', request.runId, 10_000)
      case 'operator-run':
        await checkModel(request.bounds)
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
    const { runId, reason, context, bounds, priority, strategy, notifications } = request
    await checkModel(bounds)
    const wanted = request.skills ?? this.#skills.map(({ id }) => id)
    const skills = wanted.map((id) => this.#skill('Coordinator.run', id))
    await startRun({
      id: runId,
      ...(reason === undefined ? {} : { reason }),
      context,
      skills: summarize(skills),
      limits: limitsFrom(bounds),
      followUps: 0,
      ...(priority === undefined ? {} : { priority }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(notifications === undefined ? {} : { notifications }),
    })
  }

  /** Who only awaits a run is no reason to cancel it, but one to let it go on. */
  #await(runId: string, gone: AbortSignal | undefined): Promise<unknown> {
    return this.#callers.wait(runId, gone, () => awaitRun(runId))
  }

  async #newestRun(): Promise<string> {
    const runs = await this.#runs()
    const newest = runs.findLast(({ phase }) => phase !== 'scheduled')
    if (newest === undefined) throw new UnknownRun('Coordinator.await', undefined)
    return newest.runId
  }

  async #coordinatorStatus(runId: string | undefined): Promise<CoordinatorStatus> {
    const runs = (await this.#runs()).filter((run) => runId === undefined || run.runId === runId)
    const isRunning = runs.some(({ phase }) => phase !== 'scheduled' && phase !== 'queued')
    return { running: isRunning, runs }
  }

  async #runs(): Promise<RunStatus[]> {
    const runs = await callCoordinator('status', undefined, 10_000)
    return Array.isArray(runs) ? runs.filter(isRunStatus) : []
  }

  async #operatorStatus(id: string): Promise<OperatorStatus> {
    const { title } = this.#skill('Operator.status', id)
    const pid = whereis(operatorName(id))
    const [runs, watch] = await Promise.all([runsOf(pid), watchOf(id)])
    const state = watch?.state ?? runs?.at(-1)?.state
    return {
      skill: id,
      title,
      mode: watch === undefined ? 'on_demand' : 'continuous',
      ...(state === undefined ? {} : { state }),
      ...(watch === undefined ? {} : { watch }),
      running: runs !== undefined,
      runs: runs ?? [],
    }
  }

  /** `{ ok: true, answer }`, or `{ ok: false, error, why }` when there is nobody to ask. */
  async #message({ skill: id, text }: RequestOf<'operator-message'>): Promise<unknown> {
    this.#skill('Operator.message', id)
    const pid = whereis(operatorName(id))
    const nobody = { ok: false, error: `operator "${id}" is not running`, why: 'not_running' }
    if (pid === undefined) return nobody
    const asked = { from: 'user', text: cleanText(text, ownSecrets()) }
    return call(pid, 'message', asked, { timeoutMs: 60_000 }).catch(ifGone(nobody))
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
    const problem = await call(names.journal, 'problem')
    return {
      model: isObject(status) && typeof status['model'] === 'string' ? status['model'] : 'unknown',
      skills: this.#skills.map(({ id }) => id),
      ...(typeof url === 'string' ? { observerUrl: url } : {}),
      ...(typeof problem === 'string' ? { journalProblem: problem } : {}),
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

/** @throws {TypeError} The model that the caller wants cannot be asked; nothing was started. */
async function checkModel({ model }: RunBounds): Promise<void> {
  if (model === undefined || model === 'rules') return
  const problem = await call(names.model, 'check', model)
  if (typeof problem === 'string') throw new TypeError(`${problem}. Nothing was started.`)
}

function isRunStatus(value: unknown): value is RunStatus {
  return isObject(value) && typeof value['runId'] === 'string'
}

/** Absent: it is not running. */
async function runsOf(pid: Pid | undefined): Promise<OperatorStatus['runs'] | undefined> {
  if (pid === undefined) return undefined
  const runs: unknown = await call(pid, 'status').catch(ifGone(undefined))
  if (runs === undefined) return undefined
  return Array.isArray(runs) ? runs : []
}

/** An operator may end for idleness while it is asked. */
function ifGone<Value>(instead: Value): (error: unknown) => Value {
  return (error) => {
    if (isGone(error)) return instead
    throw error
  }
}

/** Absent: the operator is on demand. */
async function watchOf(id: string): Promise<OperatorStatus['watch']> {
  if (whereis(names.lookouts) === undefined) return undefined
  const watched = await call(names.lookouts, 'status', id)
  return Array.isArray(watched) ? watched.find(isWatchStatus) : undefined
}

function isWatchStatus(value: unknown): value is NonNullable<OperatorStatus['watch']> {
  return isObject(value) && typeof value['skill'] === 'string' && typeof value['state'] === 'string'
}
