import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EvaluateOptions, Inspectable } from './inspectable.ts'

/** The first version whose threads may be ended while `require` links ES modules in them. */
const SAFE_SINCE = 24
/** A loop that turns has turned by then. */
const TURN_MS = 250
const TURN = 'new Promise((resolve) => setImmediate(resolve, true))'

/**
 * Loads a module of ours in a worker of the application and calls a function of it.
 *
 * Before Node 24 the whole process aborts if a thread is ended in the milliseconds in which `require`
 * links ES modules in it (`IsGraphAsync must be used on an instantiated module`), and the
 * application ends its workers when it likes. So there they are imported; only a worker whose loop
 * does not turn, stuck or waiting in `Atomics.wait` as those of piscina do, is made to `require` them.
 *
 * @throws {Error} The worker did not answer, or the call threw.
 */
export async function callIn(
  worker: Inspectable,
  name: string,
  call: string,
  options: EvaluateOptions,
): Promise<unknown> {
  const isSafe = Number(process.versions.node.split('.')[0]) >= SAFE_SINCE
  if (isSafe || !(await turns(worker))) return worker.evaluate(inModule(name, call), options)
  return worker.evaluate(byImport(name, call), { ...options, awaitsPromise: true })
}

async function turns(worker: Inspectable): Promise<boolean> {
  const answer = worker.evaluate(TURN, { timeoutMs: TURN_MS, awaitsPromise: true })
  return (await answer.catch(() => false)) === true
}

/**
 * An expression that loads a module of ours in another thread and calls a function of it.
 * `name`: from the folder of the skills, without an extension.
 *
 * `import()` is refused in an inspector evaluation; `require` of an ES module is synchronous and works, also
 * while the thread is stuck.
 */
export function inModule(name: string, call: string): string {
  const path = JSON.stringify(fileURLToPath(address(name)))
  return unwarned(
    `return process.getBuiltinModule('module').createRequire(${path})(${path}).${call}`,
  )
}

/** `import()` in an evaluation needs to be told which loader is meant. */
function byImport(name: string, call: string): string {
  const importing = JSON.stringify(`import(${JSON.stringify(address(name).href)})`)
  return unwarned(`
    const { Script, constants } = process.getBuiltinModule('vm')
    const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }
    return new Script(${importing}, options).runInThisContext().then((module) => module.${call})`)
}

/** What Node warns of here is not the application's to print. */
function unwarned(body: string): string {
  return `(() => {
    const { emitWarning } = process
    process.emitWarning = () => {}
    try {
      ${body}
    } finally {
      process.emitWarning = emitWarning
    }
  })()`
}

function address(name: string): URL {
  return new URL(`../${name}${extname(import.meta.url)}`, import.meta.url)
}
