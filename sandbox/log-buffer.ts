/**
 * What scripts print, in shared memory: no message per line, and nothing is lost when the thread
 * is killed. Lines end with byte 0xFF, which never occurs in UTF-8.
 */
import { type Control, word } from './control.ts'

const lineEnd = 0xff
const encoder = new TextEncoder()

/** Appends a line, or what fits of it. Returns false when the buffer is full. */
export function appendLog({ words, log }: Control, line: string): boolean {
  const used = Atomics.load(words, word.logBytes)
  const room = log.length - used - 1
  if (Atomics.load(words, word.logCut) === 1) return false
  const bytes = encoder.encode(line)
  const kept = bytes.length <= room ? bytes : bytes.subarray(0, characterStart(bytes, room))
  if (kept.length < bytes.length || room < 0) Atomics.store(words, word.logCut, 1)
  if (room < 0) return false
  log.set(kept, used)
  log[used + kept.length] = lineEnd
  Atomics.store(words, word.logBytes, used + kept.length + 1)
  return kept.length === bytes.length
}

/** Returns the lines printed so far; a last line says so when output was dropped. */
export function readLogs({ words, log }: Control): string[] {
  // a slice of shared memory is private memory, which is what TextDecoder wants
  const bytes = log.slice(0, Atomics.load(words, word.logBytes))
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const lines: string[] = []
  let start = 0
  for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, start)) {
    lines.push(decoder.decode(bytes.subarray(start, end)))
    start = end + 1
  }
  if (Atomics.load(words, word.logCut) === 1) {
    lines.push(`(more was printed and dropped: the log's limit is ${log.length} bytes)`)
  }
  return lines
}

/** The greatest index up to `at` that does not split a UTF-8 character. */
function characterStart(bytes: Uint8Array, at: number): number {
  let index = Math.max(0, at)
  while (index > 0 && ((bytes[index] ?? 0) & 0xc0) === 0x80) index -= 1
  return index
}
