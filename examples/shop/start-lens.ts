import { Coordinator, type Lens as NodeLens, Operator, start } from '../../agents/index.ts'
import type { Pid, TreeNode } from '../../runtime/index.ts'
import type { Lens, StartLens } from './lens.ts'
import type { CrashReport } from './messages.ts'

/** The adapter between the demonstration and nodelens: the one file here that knows its API. */
export const startLens: StartLens = async ({ insightsFile }): Promise<Lens> => {
  const lens = await start({
    skills: ['vm', 'tables', 'vm_events'],
    model: 'auto',
    observer: { port: 0 },
    insightsFile,
  })
  return {
    ...(lens.observerUrl === undefined ? {} : { observerUrl: lens.observerUrl }),
    investigate: async (reason, skills) => {
      await Coordinator.run({ reason }, { skills })
    },
    crashOperator: (skill) => crashOperator(skill, lens),
    stop: () => lens.stop(),
  }
}

const patienceMs = 30_000

/** Kills the operator's thread in the middle of a run, and waits until its replacement answers. */
async function crashOperator(skill: string, lens: NodeLens): Promise<CrashReport> {
  await Operator.runAsync(skill, { reason: 'the demonstration is about to crash this operator' })
  const crashedPid = await operatorPid(skill, lens, performance.now() + patienceMs)
  const crashedAt = performance.now()
  lens.kill(crashedPid)
  const until = crashedAt + patienceMs
  const replacementPid = await operatorPid(skill, lens, until, crashedPid)
  const notifications = await Operator.run(skill, { reason: 'is the replacement at work?' })
  return {
    skill,
    crashedPid,
    replacementPid,
    answeredAfterMs: performance.now() - crashedAt,
    answer: `${notifications.length} notifications`,
  }
}

/** The pid of the skill's operator, once it is up and another than `not`. */
async function operatorPid(skill: string, lens: NodeLens, until: number, not?: Pid): Promise<Pid> {
  while (performance.now() < until) {
    const node = find(await lens.tree(), `operator.${skill}`)
    const isUp = node !== undefined && node.status !== 'starting'
    if (isUp && node.pid !== not) return node.pid
  }
  throw new Error(`no operator of '${skill}' is running after ${patienceMs} ms`)
}

function find(nodes: readonly TreeNode[], id: string): TreeNode | undefined {
  for (const node of nodes) {
    if (node.id.endsWith(id)) return node
    const below = find(node.children, id)
    if (below !== undefined) return below
  }
  return undefined
}
