import type { Frame } from '../source/frame.ts'
import type { SourceFiles } from '../source/source-files.ts'
import type { StallKind } from './stall.ts'

/** What the innermost frames of one stack say of the work. */
export interface Work {
  readonly kind: StallKind
  /** The builtin or API. */
  readonly detail?: string
  /** The evidence is a frame rather than a reading of the source. */
  readonly isCertain: boolean
}

const NODE_APIS: readonly (readonly [RegExp, RegExp, StallKind])[] = [
  [/^node:(?:internal\/)?child_process/, /Sync$/, 'sync-child-process'],
  [/^node:(?:internal\/)?crypto/, /Sync$|^random|^Hash|^Hmac|^Sign|^Verify/, 'sync-crypto'],
  [/^node:(?:internal\/)?zlib/, /Sync|^zlibBuffer|^processChunk/, 'sync-compression'],
  [/^node:(?:internal\/)?fs/, /Sync$|^cpSync/, 'sync-io'],
  [/^node:internal\/modules\//, /./, 'sync-io'],
]
const REGEX_NATIVE = /^(?:RegExp\.|String\.(?:match|matchAll|replace|replaceAll|search|split)$)/
const REGEX_CALL = /^(?:test|exec|match|matchAll|replace|replaceAll|search|split)\s*\(/
const STRING_CALL = /^(?:replace|replaceAll|split)\s*\(\s*['"`]/

/** Reads the work from the frames above and at the first frame that is not Node's or the engine's. */
export function classifyWork(frames: readonly Frame[], files: SourceFiles): Work {
  const user = frames.findIndex((frame) => frame.origin !== 'node' && frame.origin !== 'native')
  const above = user === -1 ? frames : frames.slice(0, user)
  const api = fromNodeApi(above)
  if (api !== undefined) return api
  const native = above.filter((frame) => frame.origin === 'native').map((frame) => frame.function)
  const byNative = fromNative(native)
  if (byNative !== undefined) return byNative
  const leaf = frames[user]
  return leaf === undefined || above.length > 0
    ? { kind: 'cpu', isCertain: false }
    : fromSource(leaf, files)
}

function fromNodeApi(above: readonly Frame[]): Work | undefined {
  for (const [file, name, kind] of NODE_APIS) {
    const hits = above.filter((frame) => file.test(frame.file))
    const named = hits.findLast((frame) => name.test(frame.function))
    if (named === undefined) continue
    const detail =
      kind === 'sync-io' && file.source.includes('modules') ? 'require' : named.function
    return { kind, detail, isCertain: true }
  }
  return undefined
}

function fromNative(names: readonly string[]): Work | undefined {
  for (const name of names) {
    if (REGEX_NATIVE.test(name)) return { kind: 'regex', detail: name, isCertain: true }
    if (/^(?:JSON\.)?(?:parse|stringify)$/.test(name)) {
      return { kind: 'json', detail: `JSON.${name.replace('JSON.', '')}`, isCertain: true }
    }
    if (/(?:^|\.)(?:sort|toSorted)$/.test(name))
      return { kind: 'sort', detail: name, isCertain: true }
    if (/(?:^|\.)wait$/.test(name))
      return { kind: 'sleep', detail: 'Atomics.wait', isCertain: true }
  }
  return undefined
}

/** Inlined builtins leave no frame, but the position in the caller stays at their call. */
function fromSource(leaf: Frame, files: SourceFiles): Work {
  const line = files.line(leaf.file, leaf.line)
  const rest = line.slice(Math.max(0, leaf.column - 1))
  if (REGEX_CALL.test(rest) && !STRING_CALL.test(rest)) {
    return { kind: 'regex', detail: rest.slice(0, rest.indexOf('(')).trim(), isCertain: false }
  }
  const before = line.slice(0, Math.max(0, leaf.column - 1))
  if (/JSON\s*\.\s*$/.test(before)) return { kind: 'json', detail: 'JSON', isCertain: false }
  return { kind: 'cpu', isCertain: false }
}

/** Finds the regular expression of a line: a literal on it, or the one that a name on it stands for. */
export function patternNear(file: string, line: number, files: SourceFiles): string | undefined {
  const text = files.line(file, line)
  const literal = literalIn(text)
  if (literal !== undefined) return literal
  const source = files.text(file)
  for (const name of text.match(/[A-Za-z_$][\w$]*/g) ?? []) {
    const escaped = name.replace(/\$/g, '\\$')
    const declared = new RegExp(
      `(?:const|let|var)\\s+${escaped}\\s*=([^\\n]{1,500})|\\b${escaped}\\s*[:=]([^\\n]{1,500})`,
    ).exec(source)
    const found = literalIn(declared?.[1] ?? declared?.[2] ?? '')
    if (found !== undefined) return found
  }
  return undefined
}

function literalIn(text: string): string | undefined {
  const match =
    /(?:^|[(,=:\s!&|?])(\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}\]|[^/\\\n[]){1,300}\/[a-z]{0,8})/.exec(
      text,
    )
  return match?.[1] ?? /new RegExp\(([^\n)]{1,300})\)/.exec(text)?.[0]
}
