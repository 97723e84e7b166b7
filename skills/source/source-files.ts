import { readFileSync, statSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { dirname, resolve } from 'node:path'
import { isRecord, parseJson, textOf } from '../json.ts'
import type { Frame } from './frame.ts'
import { asPath } from './frame.ts'
import { enclosingFunction, listFunctions, type NamedFunction, positionOf } from './functions.ts'

/** A package as its package.json names it. */
export interface PackageName {
  readonly name: string
  readonly version: string
}

interface SourceFile {
  readonly text: string
  readonly lines: readonly string[]
  map?: SourceMap | undefined
  functions?: readonly NamedFunction[]
}

const MAX_FILES = 100
const MAX_FILE_BYTES = 2_000_000

/** Reads sources, source maps and package names from disk, on the gateway's side; keeps 100 files. */
export class SourceFiles {
  readonly #files = new Map<string, SourceFile | undefined>()
  readonly #packages = new Map<string, PackageName | undefined>()

  /** One line of a file, or ''. */
  line(file: string, line: number): string {
    return this.#file(file)?.lines[line - 1] ?? ''
  }

  text(file: string): string {
    return this.#file(file)?.text ?? ''
  }

  functions(file: string): readonly NamedFunction[] {
    const source = this.#file(file)
    if (source === undefined) return []
    source.functions ??= listFunctions(source.text)
    return source.functions
  }

  /** Name of the innermost named function around a place, if the source tells. */
  functionAt(file: string, line: number, column: number): string | undefined {
    const position = positionOf(this.text(file), line, column)
    return enclosingFunction(this.functions(file), position)?.name
  }

  /** The place in the source that was compiled to this one; the place itself without a map. */
  original(frame: Pick<Frame, 'file' | 'line' | 'column'>): { file: string; line: number } {
    const { file, line, column } = frame
    const entry = this.#map(file)?.findEntry(line - 1, Math.max(0, column - 1))
    if (entry === undefined || !('originalSource' in entry) || !entry.originalSource)
      return { file, line }
    const source = asPath(entry.originalSource)
    return { file: resolve(dirname(file), source), line: entry.originalLine + 1 }
  }

  /** The package that a file under node_modules belongs to. */
  packageOf(file: string): PackageName | undefined {
    const match = /^(.*[\\/]node_modules[\\/](@[^\\/]+[\\/][^\\/]+|[^\\/]+))[\\/]/.exec(file)
    const folder = match?.[1]
    if (folder === undefined) return undefined
    if (!this.#packages.has(folder))
      this.#packages.set(folder, readPackage(folder, match?.[2] ?? ''))
    return this.#packages.get(folder)
  }

  #file(file: string): SourceFile | undefined {
    if (this.#files.has(file)) return this.#files.get(file)
    const oldest = this.#files.size >= MAX_FILES ? this.#files.keys().next().value : undefined
    if (oldest !== undefined) this.#files.delete(oldest)
    const source = readSource(file)
    this.#files.set(file, source)
    return source
  }

  #map(file: string): SourceMap | undefined {
    const source = this.#file(file)
    if (source === undefined) return undefined
    if (!('map' in source)) source.map = readMap(file, source.text)
    return source.map
  }
}

function readSource(file: string): SourceFile | undefined {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return undefined
    const text = readFileSync(file, 'utf8')
    return { text, lines: text.split('\n') }
  } catch {
    return undefined
  }
}

function readMap(file: string, text: string): SourceMap | undefined {
  const url = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(text.slice(-4_000_000))?.[1]
  if (url === undefined) return undefined
  try {
    const inline = /^data:application\/json[^,]*;base64,/.exec(url)
    const json =
      inline === null
        ? readFileSync(resolve(dirname(file), decodeURIComponent(url)), 'utf8')
        : Buffer.from(url.slice(inline[0].length), 'base64').toString()
    const payload: unknown = JSON.parse(json)
    return isMapPayload(payload) ? new SourceMap(payload) : undefined
  } catch {
    return undefined
  }
}

function isMapPayload(value: unknown): value is SourceMapPayload {
  return isRecord(value) && typeof value['mappings'] === 'string' && Array.isArray(value['sources'])
}

function readPackage(folder: string, fallback: string): PackageName | undefined {
  try {
    const json = parseJson(readFileSync(resolve(folder, 'package.json'), 'utf8'))
    if (!isRecord(json)) return undefined
    return { name: textOf(json['name'], fallback), version: textOf(json['version']) }
  } catch {
    return { name: fallback.replace('\\', '/'), version: '?' }
  }
}
