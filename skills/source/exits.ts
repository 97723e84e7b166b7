import type { NamedFunction } from './functions.ts'
import type { SourceFiles } from './source-files.ts'

/** A line by which a function can be left. */
export interface Exit {
  readonly line: number
  readonly text: string
}

const MOST = 3

/**
 * The ways out of the function around a line that leave something behind: each `return` and `throw` after the
 * line `from` and before what gives it back (`back`), by reading the source; three at most. None when a
 * `finally` is there.
 */
export function exitsBefore(
  back: RegExp,
  place: { readonly file: string; readonly line: number; readonly from?: number },
  files: SourceFiles,
): Exit[] {
  const { file, line: begun, from = begun } = place
  const owner = innermostFunction(files.functions(file), begun)
  if (owner === undefined) return []
  const exits: Exit[] = []
  for (let line = owner.startLine; line <= owner.endLine; line += 1) {
    const text = files.line(file, line).trim()
    if (/\bfinally\b/.test(text)) return []
    if (line <= begun || line < from) continue
    if (back.test(text)) break
    if (!/\b(?:return|throw)\b/.test(text) || exits.length >= MOST) continue
    exits.push({ line: files.original({ file, line, column: 1 }).line, text })
  }
  return exits
}

/** The innermost of the functions that cover a line. */
export function innermostFunction(
  functions: readonly NamedFunction[],
  line: number,
): NamedFunction | undefined {
  return functions
    .filter(({ startLine, endLine }) => startLine <= line && endLine >= line)
    .toSorted((left, right) => left.end - left.start - (right.end - right.start))[0]
}
