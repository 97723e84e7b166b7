import * as agents from '../../agents/index.ts'
import * as runtime from '../../runtime/index.ts'
import type { Lens, StartLens } from './lens.ts'
import type { CrashReport } from './messages.ts'

/**
 * The adapter between the demonstration and nodelens. Both doors are read by name, so that an entry
 * that is not there is an error that says so.
 */
export const startLens: StartLens = async (): Promise<Lens> => {
  const start = functionOf(agents, 'nodelens', ['start'])
  const lens: unknown = await start({
    skills: ['vm', 'tables', 'vm_events'],
    model: 'auto',
    observer: { port: 0 },
  })
  const observerUrl = field(field(lens, 'observer'), 'url')
  return {
    ...(typeof observerUrl === 'string' ? { observerUrl } : {}),
    investigate: async (reason, skills) => {
      const run = functionOf(agents, 'nodelens', ['Coordinator', 'run'])
      await run({ reason }, { skills: [...skills] })
    },
    crashOperator,
    stop: async () => {
      await functionOf(lens, 'the lens of start()', ['stop'])()
    },
  }
}

const patienceMs = 30_000

async function crashOperator(skill: string): Promise<CrashReport> {
  const runAsync = functionOf(agents, 'nodelens', ['Operator', 'runAsync'])
  const statusOf = functionOf(agents, 'nodelens', ['Operator', 'status'])
  const exit = functionOf(runtime, 'nodelens/runtime', ['exit'])
  await runAsync(skill, { reason: 'the demonstration is about to crash this operator' })
  const crashedPid = String(field(await statusOf(skill), 'pid'))
  const crashedAt = performance.now()
  exit(crashedPid, { type: 'kill' })
  while (performance.now() - crashedAt < patienceMs) {
    const status = await statusOf(skill, { timeoutMs: 1_000 }).catch(() => undefined)
    const replacementPid = field(status, 'pid')
    if (typeof replacementPid === 'string' && replacementPid !== crashedPid) {
      const answeredAfterMs = performance.now() - crashedAt
      return {
        skill,
        crashedPid,
        replacementPid,
        answeredAfterMs,
        answer: String(field(status, 'state')),
      }
    }
  }
  throw new Error(`no replacement of operator '${skill}' answered within ${patienceMs} ms`)
}

type Callable = (...args: readonly unknown[]) => Promise<unknown>

function functionOf(root: unknown, rootName: string, path: readonly string[]): Callable {
  let owner: unknown
  let found: unknown = root
  for (const name of path) {
    owner = found
    found = field(found, name)
  }
  if (typeof found !== 'function') throw new Error(`${rootName} has no function ${path.join('.')}`)
  const callable = found
  return async (...args) => callable.apply(owner, args) as unknown
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
