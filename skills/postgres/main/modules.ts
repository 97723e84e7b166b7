import Module from 'node:module'
import { isMethod, isObject, quietly } from './wrap.ts'

const PACKAGES = /(?:^|[\\/])(?:pg|pg-pool)(?:[\\/](?:lib[\\/]|esm[\\/])?index\.m?js)?$/
const LOADED = /[\\/]node_modules[\\/](?:.*[\\/])?(?:pg[\\/]lib[\\/]index|pg-pool[\\/]index)\.js$/

/**
 * Calls `see` with what `pg` and `pg-pool` export: copies that are loaded already, and each that comes later.
 *
 * Both are CommonJS, so an `import` of them passes `Module._load` like a `require`; each later call of it
 * costs one search in a short string. A bundler that copies the driver into one file hides it from us.
 *
 * @returns Ends it.
 */
export function watchModules(see: (exported: unknown) => void): () => void {
  for (const [file, module] of Object.entries(loadedModules())) {
    if (LOADED.test(file) && isObject(module)) see(Reflect.get(module, 'exports'))
  }
  const load: unknown = Reflect.get(Module, '_load')
  if (!isMethod(load)) return () => {}
  let isOn = true
  const ours = function _load(this: object, ...input: unknown[]): unknown {
    const exported: unknown = Reflect.apply(load, this, input)
    const [request] = input
    if (isOn && typeof request === 'string' && request.includes('pg') && PACKAGES.test(request))
      quietly(() => see(exported))
    return exported
  }
  Reflect.set(Module, '_load', ours)
  return () => {
    isOn = false
    if (Reflect.get(Module, '_load') === ours) Reflect.set(Module, '_load', load)
  }
}

function loadedModules(): object {
  const cache: unknown = Reflect.get(Module, '_cache')
  return isObject(cache) ? cache : {}
}
