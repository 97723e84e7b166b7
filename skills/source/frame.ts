import { fileURLToPath } from 'node:url'

/** Where code of a stack frame comes from. */
export type FrameOrigin = 'app' | 'package' | 'node' | 'native' | 'own' | 'eval'

/** One frame of a stack of main. */
export interface Frame {
  /** `name`, `Type.name`, or `(anonymous)`. */
  readonly function: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly origin: FrameOrigin
}

/** Says where a file belongs. `ownFolders` are nodelens's rooms, which are never a culprit. */
export function originOf(file: string, ownFolders: readonly string[]): FrameOrigin {
  if (file === '') return 'native'
  if (file.startsWith('node:')) return 'node'
  if (ownFolders.some((folder) => file.startsWith(folder))) return 'own'
  if (/[\\/]node_modules[\\/]/.test(file)) return 'package'
  return file.startsWith('/') || /^[A-Za-z]:[\\/]/.test(file) ? 'app' : 'eval'
}

/** A file URL as a path; anything else unchanged. */
export function asPath(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file
  } catch {
    return file
  }
}

export function frameText(frame: Frame): string {
  const place = frame.file === '' ? 'native' : `${frame.file}:${frame.line}`
  return `${frame.function} (${place})`
}

/** Reads the frames of an error's `stack` text: `at name (file:line:column)` and its variants. */
export function parseStackText(stack: string, ownFolders: readonly string[]): Frame[] {
  const frames: Frame[] = []
  for (const line of stack.split('\n')) {
    const match =
      /^\s*at (?:async )?(?:(?<name>.*?) \()?(?<file>[^()]*?):(?<line>\d+):(?<column>\d+)\)?$/.exec(
        line,
      )
    if (match?.groups === undefined) continue
    const file = asPath(match.groups['file'] ?? '')
    frames.push({
      function: cleanName(match.groups['name'] ?? ''),
      file,
      line: Number(match.groups['line']),
      column: Number(match.groups['column']),
      origin: originOf(file, ownFolders),
    })
  }
  return frames
}

function cleanName(name: string): string {
  const plain = name
    .replace(/^(?:\w+\.)?(.*) \[as .*\]$/, '$1')
    .replace(/^(?:Timeout|Immediate|Object|Function|Module)\./, '')
  return isNameless(plain) ? ANONYMOUS : plain
}

export const ANONYMOUS = '(anonymous)'

/** Names that Node's timers, not the author, gave to a function. */
export function isNameless(name: string): boolean {
  return (
    name === '' ||
    name === '<anonymous>' ||
    /^(?:Timeout\._onTimeout|Immediate\._onImmediate|_onTimeout|_onImmediate)$/.test(name)
  )
}
