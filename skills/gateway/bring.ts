import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * An expression that loads a module of ours in another thread and calls a function of it.
 * `name`: from the folder of the skills, without an extension.
 *
 * `import()` is refused in an inspector evaluation; `require` of an ES module is synchronous and works, also
 * while the thread is stuck. Its warning is not the application's to print.
 */
export function inModule(name: string, call: string): string {
  const file = fileURLToPath(new URL(`../${name}${extname(import.meta.url)}`, import.meta.url))
  const path = JSON.stringify(file)
  return `(() => {
    const { emitWarning } = process
    process.emitWarning = () => {}
    try {
      return process.getBuiltinModule('module').createRequire(${path})(${path}).${call}
    } finally {
      process.emitWarning = emitWarning
    }
  })()`
}
