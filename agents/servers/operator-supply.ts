/** Operators on demand: the running one of a skill, or a new one under the dynamic supervisor. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  call,
  child,
  type ExitReason,
  isExitReason,
  isPid,
  type Pid,
  whereis,
} from '../../runtime/index.ts'
import type { SkillDescription } from '../vocabulary/skill-description.ts'
import { names, operatorName } from './names.ts'
import { operator } from './operator.ts'

/** Milliseconds for a new thread to be ready; 40 to 100 on an idle machine. */
const startMs = 15_000

/** What `ensureOperator` needs to know of a skill. */
export interface OperatorSupply {
  readonly skill: SkillDescription
  readonly idleMs: number
}

/**
 * The pid of a skill's operator. Two that ask at a time get the same one.
 *
 * @throws {RuntimeFailure} It could not be started.
 */
export async function ensureOperator({ skill, idleMs }: OperatorSupply): Promise<Pid> {
  const name = operatorName(skill.id)
  const running = whereis(name)
  if (running !== undefined) return running
  const spec = child(operator, { args: { skill, idleMs }, id: name, name, restart: 'transient' })
  try {
    const pid = await call(names.operators, 'startChild', spec, { timeoutMs: startMs })
    if (isPid(pid)) return pid
    throw new TypeError(`the supervisor of operators answered ${String(pid)} instead of a pid`)
  } catch (error) {
    const other = whereis(name)
    if (other !== undefined) return other
    throw error
  }
}

/** Its name is given back a moment after it has ended; milliseconds. */
const nameMs = 1_000
const lookMs = 5

/**
 * Does something with an operator; one that ended for idleness just now is started again, once.
 */
export async function withOperator<Value>(
  supply: OperatorSupply,
  use: (pid: Pid) => Promise<Value>,
): Promise<Value> {
  const first = await ensureOperator(supply)
  try {
    return await use(first)
  } catch (error) {
    if (!isGone(error) || !(await isReplaceable(operatorName(supply.skill.id), first))) throw error
    return use(await ensureOperator(supply))
  }
}

async function isReplaceable(name: string, ended: Pid): Promise<boolean> {
  const until = performance.now() + nameMs
  while (whereis(name) === ended) {
    if (performance.now() > until) return false
    await delay(lookMs)
  }
  return true
}

/** It was dead already, or ended of its own accord: whatever was asked of it has not begun. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  if (error.code === 'ERR_NO_PROCESS') return true
  const reason = 'reason' in error ? error.reason : undefined
  return error.code === 'ERR_PROCESS_DOWN' && isExitReason(reason) && isQuiet(reason)
}

/** It ended of its own accord, now or before. */
export function isQuiet({ type }: ExitReason): boolean {
  return type === 'normal' || type === 'noproc'
}
