import { EventEmitter } from 'node:events'
import { ReadStream, WriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import type { JsonRecord } from '../json.ts'
import { creationStack } from '../probe/creation-stack.ts'
import { watchWindow } from '../probe/patched.ts'

const MAX_SITES = 40
const MAX_PATHS = 30
const MOST_MS = 10_000

interface OpenSite {
  opened: number
  readonly stack: string
  /** Paths it opened, the newest last. */
  paths: string[]
}

/**
 * For a short time, sees which places of the application open files, and which.
 *
 * Node has no channel for that. `fs` functions all end in two calls of its binding, which also
 * sees those that were taken from `fs` long ago; where that cannot be had, `fs` itself is watched.
 */
export class OpenWindow {
  #sites = new Map<string, OpenSite>()
  #end: (() => void) | undefined

  begin(): null {
    this.#end?.()
    this.#sites = new Map()
    const stopOpens = watchWindow(
      targets(),
      () =>
        (_result, [path]) => {
          this.#note(String(path))
        },
      MOST_MS,
    )
    // a stream opens its file a moment after it was made, when its maker is no longer on the stack
    const stopStreams = watchWindow(
      [[EventEmitter, 'init']],
      () => (_result, _input, self) => {
        if (self instanceof ReadStream || self instanceof WriteStream) this.#note(String(self.path))
      },
      MOST_MS,
    )
    this.#end = () => {
      stopStreams()
      stopOpens()
    }
    return null
  }

  end(): JsonRecord[] {
    this.#end?.()
    this.#end = undefined
    const rows = [...this.#sites.values()].map(({ stack, opened, paths }) => ({
      stack,
      opened,
      paths,
    }))
    this.#sites = new Map()
    return rows.sort((left, right) => right.opened - left.opened).slice(0, 12)
  }

  #note(path: string): void {
    const creation = creationStack()
    if (creation.type !== 'stack' || creation.text === '') return
    const site = this.#sites.get(creation.text) ?? { opened: 0, stack: creation.text, paths: [] }
    if (site.opened === 0 && this.#sites.size >= MAX_SITES) return
    this.#sites.set(creation.text, site)
    site.opened += 1
    site.paths = [...site.paths.slice(1 - MAX_PATHS), path.slice(0, 300)]
  }
}

function targets(): (readonly [object, string])[] {
  const binding = fsBinding()
  if (binding !== undefined) {
    return [
      [binding, 'open'],
      [binding, 'openFileHandle'],
    ]
  }
  const fs: object & { promises?: unknown } = createRequire(import.meta.url)('node:fs')
  const promises = typeof fs.promises === 'object' && fs.promises !== null ? [fs.promises] : []
  return [[fs, 'open'], [fs, 'openSync'], ...promises.map((owner) => [owner, 'open'] as const)]
}

/** `process.binding` warns under `--pending-deprecation`, which would change what the application prints. */
function fsBinding(): object | undefined {
  const { noDeprecation } = process
  try {
    process.noDeprecation = true
    const find: unknown = Reflect.get(process, 'binding')
    const found: unknown = typeof find === 'function' ? Reflect.apply(find, process, ['fs']) : null
    return typeof found === 'object' && found !== null && 'openFileHandle' in found
      ? found
      : undefined
  } catch {
    return undefined
  } finally {
    if (noDeprecation === undefined) Reflect.deleteProperty(process, 'noDeprecation')
    else process.noDeprecation = noDeprecation
  }
}
